"""What there is to say of a fit that is over, before anything can change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.cells import error_text
from mlops_magics.model.estimator import Description, describe, summary_of
from mlops_magics.records import Fit, Param

if TYPE_CHECKING:
    from mlops_magics.capture.private import PrivateValues

FEATURES_LIMIT = 10_000
"""The names of more features, as a bag of words has, are not recorded."""

WARNINGS_LIMIT = 100
"""Of a fit with more messages the first ones are recorded."""


@dataclass(frozen=True, slots=True)
class FitFacts:
    """A fit without what is looked up later: what its estimator is called, and the digest of its table."""

    description: Description
    summary: str
    shape: tuple[int | None, int | None]
    features: tuple[str, ...] | None
    seconds: float
    warnings: Mapping[str, int]
    error: str | None

    def fit(self, *, name: str | None, fingerprint: str | None, fit: str | None = None) -> Fit:
        """The record. ``fit`` is what the model that came out of it knows it by."""
        return Fit(
            fit=fit,
            name=name,
            class_name=self.description.class_name,
            params=self.description.params,
            defaults=self.description.defaults,
            rows=self.shape[0],
            columns=self.shape[1],
            features=self.features,
            fingerprint=fingerprint,
            seconds=self.seconds,
            warnings=self.warnings,
            status="error" if self.error else "ok",
            error=self.error,
        )

    def without(self, private: PrivateValues) -> FitFacts:
        """The same without the values of private columns, as far as they are known."""
        described = self.description
        return replace(
            self,
            description=replace(described, params=private.values(described.params, described.defaults)),
            warnings=_counted((private.mask(text), times) for text, times in self.warnings.items()),
            error=private.mask(self.error) if self.error else self.error,
        )

    def params(self) -> list[Param]:
        """The parameters as those of the run, and under ``model`` what was fitted."""
        defaults = frozenset(self.description.defaults)
        return [
            Param(key="model", value=self.summary),
            *(
                Param(key=key, value=value, is_default=key in defaults)
                for key, value in self.description.params.items()
            ),
        ]


def facts_of(
    estimator: Any, X: Any, *, seconds: float, warnings: list[str], error: BaseException | None = None
) -> FitFacts:
    """Describe a fit that returned or raised."""
    return FitFacts(
        description=describe(estimator),
        summary=summary_of(estimator),
        shape=shape_of(X),
        features=_features(estimator, X),
        seconds=seconds,
        warnings=counted(warnings),
        error=error_text(error) if error is not None else None,
    )


def counted(warnings: Iterable[str]) -> dict[str, int]:
    """Each message once, and how often it was given.

    >>> counted(["UserWarning: no", "UserWarning: no"])
    {'UserWarning: no': 2}
    """
    return dict(list(_counted((text, 1) for text in warnings).items())[:WARNINGS_LIMIT])


def _counted(several: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text, times in several:
        found[text] = found.get(text, 0) + times
    return found


def shape_of(X: Any) -> tuple[int | None, int | None]:
    """Rows and columns, as far as ``X`` tells."""
    shape = getattr(X, "shape", None)
    if isinstance(shape, tuple) and shape and all(isinstance(size, int) for size in shape):
        return shape[0], shape[1] if len(shape) > 1 else None
    try:
        return len(X), len(X[0]) if isinstance(X, list) and isinstance(X[0], list | tuple) else None
    except (TypeError, IndexError):
        return None, None


def _features(estimator: Any, X: Any) -> tuple[str, ...] | None:
    """The names of what it was fitted on, where they have any: those of arrays would be made up."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        names = getattr(X, "column_names", None) or getattr(X, "columns", None)
    if names is None or callable(names) or len(names) > FEATURES_LIMIT:
        return None
    return tuple(str(name) for name in names)
