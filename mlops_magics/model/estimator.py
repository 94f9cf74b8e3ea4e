"""What an estimator says about itself: its task, its parameters, the features it was fitted on.

Duck-typed: whatever has ``predict`` counts. Nothing here fits, copies or changes a model.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlops_magics.errors import ModelError
from mlops_magics.records import plain

if TYPE_CHECKING:
    import numpy as np

Task = Literal["binary", "multiclass", "regression"]

TEXT_LIMIT = 200
"""A parameter without a JSON form is recorded as its ``repr``, cut at so many characters."""

ITEMS_LIMIT = 200
"""A longer list of plain values is recorded as its type and length."""

_ADDRESS = re.compile(r" (?:object )?at 0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class Description:
    """An estimator in words: ``class_name`` such as ``sklearn.pipeline.Pipeline``, and its ``params`` as one flat
    mapping whose nested names are joined by two underscores, as scikit-learn spells them (``clf__C``); ``defaults``
    names those that are what the class would have without a word.
    """

    class_name: str
    params: Mapping[str, Any]
    defaults: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {"class_name": self.class_name, "params": dict(self.params), "defaults": list(self.defaults)}


def class_name_of(model: object) -> str:
    """Name the class of ``model`` the way people import it: module path without its private parts.

    >>> from sklearn.linear_model import LogisticRegression
    >>> class_name_of(LogisticRegression())
    'sklearn.linear_model.LogisticRegression'
    """
    kind = type(model)
    public = [part for part in kind.__module__.split(".") if not part.startswith("_")]
    return ".".join([*public, kind.__qualname__.replace("<locals>.", "")])


def summary_of(model: object) -> str:
    """Name ``model`` in few words: its class, or those of a pipeline's steps in order.

    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> summary_of(make_pipeline(StandardScaler(), Ridge()))
    'StandardScaler → Ridge'
    """
    steps = getattr(model, "steps", None)
    if isinstance(steps, list) and steps and all(isinstance(step, tuple) and len(step) == 2 for step in steps):
        return " → ".join(summary_of(step) for _, step in steps if step is not None and not isinstance(step, str))
    return type(model).__name__


def describe(model: object) -> Description:
    """Describe ``model`` by its class and its parameters, nested ones included.

    Estimators inside are given by class name, the columns a ``ColumnTransformer`` gives to each of its parts as
    ``NAME__columns``, functions by name; what has no JSON form by a short ``repr`` without memory addresses. Equal
    configurations have equal descriptions. A model without ``get_params`` has no parameters.

    >>> from sklearn.linear_model import Ridge
    >>> described = describe(Ridge(alpha=2.0))
    >>> described.params["alpha"], "alpha" in described.defaults, "tol" in described.defaults
    (2.0, False, True)
    """
    params = dict(sorted(_params_of(model)))
    defaults = tuple(sorted(params.keys() & set(_defaults_of(model))))
    return Description(class_name_of(model), params, defaults)


def param_value(value: object) -> Any:
    """A parameter's value as :func:`describe` gives it: JSON-ready, short, equal for equal configurations.

    >>> from sklearn.linear_model import Ridge
    >>> param_value(Ridge()), param_value((1, 2))
    ('Ridge', [1, 2])
    """
    return _short(value)


def _params_of(model: object) -> Iterator[tuple[str, Any]]:
    if isinstance(model, type) or not callable(getattr(model, "get_params", None)):
        return
    params: Mapping[str, Any] = model.get_params(deep=True)  # type: ignore[attr-defined]
    for name, value in params.items():
        if _is_named_parts(value):
            prefix = name.rpartition("__")[0]
            yield from _columns_of_parts(value, f"{prefix}__" if prefix else "")
        else:
            yield name, _short(value)


def _defaults_of(model: Any, prefix: str = "") -> Iterator[str]:
    """The parameters, nested ones by path, that are what the signature of their class says."""
    if isinstance(model, type) or not callable(getattr(model, "get_params", None)):
        return
    usual = _signature_defaults(type(model))
    for name, value in model.get_params(deep=False).items():
        if name in usual and _is_same(value, usual[name]):
            yield prefix + name
        parts = [(part[0], part[1]) for part in value] if _is_named_parts(value) else [(name, value)]
        for label, part in parts:
            yield from _defaults_of(part, f"{prefix}{label}__")


def _signature_defaults(kind: type) -> Mapping[str, Any]:
    """What a class takes when nothing is said; one that hands on ``**kwargs`` has the words of those before it too."""
    found: dict[str, Any] = {}
    for part in kind.__mro__[:-1]:
        init = part.__dict__.get("__init__")
        if not inspect.isfunction(init):
            continue
        words = inspect.signature(init).parameters.values()
        found = {word.name: word.default for word in words if word.default is not word.empty} | found
        if not any(word.kind is word.VAR_KEYWORD for word in words):
            break
    return found


def _is_same(value: object, usual: object) -> bool:
    if value is usual:
        return True
    if type(value) is not type(usual) or not isinstance(value, bool | int | float | str | tuple | list | dict):
        return False
    return value == usual or (value != value and usual != usual)  # noqa: PLR0124 - NaN is the usual missing value


def _is_named_parts(value: object) -> bool:
    """Whether ``value`` is what meta-estimators take: (name, estimator) or (name, estimator, columns) tuples, whose
    parameters ``get_params`` already gives by name.
    """
    return isinstance(value, list) and bool(value) and all(
        isinstance(part, tuple) and len(part) in (2, 3) and isinstance(part[0], str) and _is_part(part[1])
        for part in value
    )


def _is_part(value: object) -> bool:
    return value is None or isinstance(value, str) or hasattr(value, "get_params")


def _columns_of_parts(parts: Sequence[tuple[Any, ...]], prefix: str) -> Iterator[tuple[str, Any]]:
    for part in parts:
        if len(part) == 3:
            yield f"{prefix}{part[0]}__columns", _short(part[2])


def _short(value: object) -> Any:
    if hasattr(value, "get_params") and not isinstance(value, type):
        return type(value).__name__
    if value is None or isinstance(value, bool | int | float | str):
        return _cut(plain(value))
    if callable(value):
        return _callable_name(value)
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return _cut(plain(value))
    return _short_container(value)


def _short_container(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _short(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        if len(value) > ITEMS_LIMIT:
            return f"<{type(value).__name__} of length {len(value)}>"
        items = [_short(item) for item in value]
        return sorted(items, key=repr) if isinstance(value, set | frozenset) else items
    return _cut(repr(value))


def _callable_name(value: Any) -> str:
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not name:
        return str(_cut(repr(value)))
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if module else str(name)


def _cut(value: Any) -> Any:
    text = _ADDRESS.sub("", value) if isinstance(value, str) else value
    return text[: TEXT_LIMIT - 1] + "…" if isinstance(text, str) and len(text) > TEXT_LIMIT else text


def classes_of(model: object) -> np.ndarray[Any, Any] | None:
    """The labels a classifier can answer with, in the order of its ``predict_proba`` columns; None when it does not
    say. Raises :class:`ModelError` for a model with several outputs.
    """
    classes = getattr(model, "classes_", None)
    if classes is None:
        return None
    if isinstance(classes, list) and classes and hasattr(classes[0], "__len__") and not isinstance(classes[0], str):
        raise ModelError(
            f"{class_name_of(model)} predicts {len(classes)} outputs at once",
            hint="Evaluate one model per output.",
        )
    import numpy as np

    return np.asarray(classes)


def task_of(model: object, y: object) -> Task:
    """Decide whether ``model`` answers a binary, a multiclass or a regression question.

    The model's word comes first: its estimator type, then ``classes_`` and ``predict_proba``. Only for a model that
    says nothing do the values of ``y`` decide: text and booleans are classes, fractions are a regression.

    Raises
    ------
    ModelError
        The model has no ``predict``, is neither classifier nor regressor, has several outputs, or says nothing
        while ``y`` holds whole numbers, which could be either.
    """
    if not callable(getattr(model, "predict", None)):
        raise ModelError(
            f"{class_name_of(model)} has no predict method",
            hint="Give the fitted model, or any object with predict(X).",
        )
    kind = _estimator_type(model) or _type_by_methods(model) or _type_by_values(model, y)
    if kind == "regressor":
        return "regression"
    if kind == "classifier":
        classes = classes_of(model)
        count = len(classes) if classes is not None else _distinct(y)
        return "binary" if count <= 2 else "multiclass"
    article = "an" if kind[0] in "aeiou" else "a"
    raise ModelError(
        f"{class_name_of(model)} is {article} {kind.replace('_', ' ')}, neither a classifier nor a regressor",
        hint="Models with labels to compare against can be evaluated.",
    )


def _estimator_type(model: Any) -> str | None:
    if hasattr(model, "__sklearn_tags__"):
        from sklearn.utils import get_tags

        kind = get_tags(model).estimator_type
        return str(kind) if kind else None
    kind = getattr(model, "_estimator_type", None)
    return str(kind) if kind else None


def _type_by_methods(model: object) -> str | None:
    answers = hasattr(model, "classes_") or hasattr(model, "predict_proba") or hasattr(model, "decision_function")
    return "classifier" if answers else None


def _type_by_values(model: object, y: object) -> str:
    from mlops_magics.model.arrays import labels_array

    values = labels_array(y)
    if values.dtype.kind == "f" and bool((values % 1 != 0).any()):
        return "regressor"
    if values.dtype.kind in "bOUS":
        return "classifier"
    raise ModelError(
        f"{class_name_of(model)} does not say whether it is a classifier or a regressor, and y holds whole numbers",
        hint="Give the model a classes_ attribute or predict_proba, or give y as text or as fractions.",
    )


def _distinct(y: object) -> int:
    from mlops_magics.model.arrays import labels_array

    return len(set(labels_array(y).tolist()))


def fitted_features(model: Any) -> tuple[str, ...] | None:
    """The names of what ``model`` was fitted on, in its order, as estimators and the boosters of XGBoost and LightGBM
    tell them; None where it does not say.

    >>> from sklearn.linear_model import Ridge
    >>> fitted_features(Ridge().fit([[0.0], [1.0]], [0, 1]))
    """
    for attribute in ("feature_names_in_", "feature_names", "feature_name"):
        try:
            found = getattr(model, attribute, None)
            names = found() if callable(found) else found
            if names is not None and not isinstance(names, str):
                return tuple(str(name) for name in names)
        except Exception:  # noqa: BLE001, S112 - a property of somebody's class
            continue
    return None


def feature_names(model: object, X: object) -> tuple[str, ...]:
    """Names of the features, in the order the model takes them.

    What the model was fitted on if it says so, else the columns of ``X``, else ``x0``, ``x1``, … for arrays.
    """
    fitted = getattr(model, "feature_names_in_", None)
    if fitted is not None:
        return tuple(str(name) for name in fitted)
    columns = getattr(X, "column_names", None) or getattr(X, "columns", None)
    if columns is not None and not callable(columns):
        return tuple(str(name) for name in columns)
    shape: tuple[int, ...] = getattr(X, "shape", ())
    return tuple(f"x{position}" for position in range(shape[1])) if len(shape) == 2 else ()
