"""A bundle in use: audited first, constructed on the first question, from the bytes that were audited."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.telling import in_order
from mlops_magics.data.example import read_example
from mlops_magics.data.signature import Signature
from mlops_magics.errors import BundleError, DataError, ModelError
from mlops_magics.look import Column, Document, Fold, Line, Shown, Table, Title
from mlops_magics.look.numbers import count
from mlops_magics.model.formats import load_model
from mlops_magics.records import decode
from mlops_magics.release.bundle.audit import Audited, Difference, audit
from mlops_magics.release.bundle.manifest import EXAMPLE, PROFILE, Manifest
from mlops_magics.release.bundle.rows import is_empty, rows_for
from mlops_magics.store.location import shown

if TYPE_CHECKING:
    import numpy as np

    from mlops_magics.data.profile import Profile


class _Once:
    """A model constructed at most once, by whichever thread asks first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: Any = None

    def get(self, make: Any) -> Any:
        with self._lock:
            if self._model is None:
                self._model = make()
            return self._model


@dataclass(frozen=True, repr=False, eq=False)
class Bundle(Shown):
    """A model that left its notebook, with what it expects and where it came from.

    Made by :func:`load_bundle` or :func:`~mlops_magics.release.bundle.export`; both have checked everything before.
    The model is constructed on the first question, from the bytes that were checked.

    Attributes
    ----------
    path
        The folder. It may be moved or deleted afterwards, the bundle in memory goes on.
    manifest
        What the bundle says about itself.
    differences
        Packages that are here in another version than where the bundle was written.
    """

    path: Path
    manifest: Manifest
    differences: tuple[Difference, ...]
    _audited: Audited
    _trust: tuple[str, ...]
    _allow_pickle: bool
    _once: _Once = field(default_factory=_Once)

    @property
    def signature(self) -> Signature | None:
        """Names, types, nulls, ranges and levels of the columns the model was fitted on, if they were recorded."""
        return self._audited.signature

    @property
    def digest(self) -> str:
        """SHA-256 that stands for the whole bundle: keep it elsewhere, and give it to :func:`load_bundle`."""
        return self.manifest.digest

    @property
    def profile(self) -> Profile | None:
        """The reference profile, to watch new data against; None when the run has none."""
        from mlops_magics.data.profile import Profile

        content = self._audited.contents.get(PROFILE)
        return None if content is None else Profile.from_dict(decode(content.decode()))

    @property
    def example(self) -> Any:
        """A few rows the model was evaluated on, as it was given them: a pandas frame with the types of its columns
        (also of other tables), a series, or an array. Raises :class:`BundleError` when the run kept none.
        """
        found = self._example()
        if found is None:
            raise BundleError(
                "the bundle has no example rows",
                hint="%mlops evaluate MODEL X y keeps some, unless the run or a column of X is private.",
            )
        return found

    def _example(self) -> Any:
        content = self._audited.contents.get(EXAMPLE)
        try:
            return None if content is None else read_example(content.decode())
        except DataError as error:
            raise BundleError(error.what, hint="Export the run again.") from error

    @property
    def model(self) -> Any:
        """The estimator itself, constructed now if it was not yet."""
        return self._once.get(self._construct)

    def _construct(self) -> Any:
        try:
            return load_model(
                self._audited.contents[self.manifest.model_file],
                format=self.manifest.model_format, trust=self._trust, allow_pickle=self._allow_pickle,
            )
        except ModelError as error:
            other = "; ".join(str(difference) for difference in self.differences[:3])
            hint = f"{other}." if other else error.hint
            raise BundleError(error.what, hint=hint) from error

    def verify(self) -> tuple[Difference, ...]:
        """Check the folder on disk again, as :func:`load_bundle` does; returns the differing packages.

        Raises
        ------
        BundleError
            It is no longer the bundle that was loaded.
        """
        return audit(
            self.path, trust=self._trust, allow_pickle=self._allow_pickle, digest=self.manifest.digest
        ).differences

    def predict(self, frame: Any) -> np.ndarray[Any, Any]:
        """The model's answer for every row.

        Parameters
        ----------
        frame
            A pandas, Polars or Arrow frame, a NumPy array, a Parquet or CSV path, a list for every column, or a
            mapping for every row. Columns are found by name and given in the order of the fit; further columns are
            left out. Where a file or lists know no categories or dates, text becomes what the example has.

        Returns
        -------
        numpy.ndarray
            As the model answers. For no rows an empty one, if the bundle has an example to tell of what type.

        Raises
        ------
        DataError
            A column the model was fitted on is missing or of another type, or an array has another width.
        """
        return self._ask("predict", frame)

    def predict_proba(self, frame: Any) -> np.ndarray[Any, Any]:
        """The probability of every label, a row per row and a column per label, in the order of ``model.classes_``.

        Raises
        ------
        DataError
            As :meth:`predict`.
        BundleError
            The model gives no probabilities.
        """
        return self._ask("predict_proba", frame)

    def _ask(self, method: str, frame: Any) -> np.ndarray[Any, Any]:
        import numpy as np

        if not callable(getattr(self.model, method, None)):
            raise BundleError(f"{self.manifest.model_class} has no {method}", hint="Use predict.")
        example, ask = self._example(), getattr(self.model, method)
        rows = rows_for(frame, self.model, signature=self.signature, example=example)
        if not is_empty(rows):
            return np.asarray(ask(rows))
        if example is None:
            raise DataError("there are no rows to answer for", hint="Give at least one.")
        return np.asarray(ask(rows_for(example, self.model, signature=self.signature, example=example)))[:0]

    def to_dict(self) -> dict[str, Any]:
        """The manifest and what differs here, JSON-ready."""
        return {
            "path": self.path.name,
            "digest": self.digest,
            "manifest": self.manifest.to_dict(),
            "differences": [asdict(difference) for difference in self.differences],
        }

    def document(self) -> Document:
        """What it is, how good it was, what is in it, and what is different here."""
        return Document(*_blocks(self))


_METRICS = Column("metric"), Column("value", align="right", digits=4)


def _blocks(bundle: Bundle) -> Iterator[Any]:
    manifest = bundle.manifest
    yield Title(f"bundle {manifest.name}", f"{manifest.model_class}, {manifest.task}, {manifest.created}")
    yield Line(f"{shown(bundle.path.absolute())}, digest {manifest.digest[:12]}", "quiet")
    if manifest.pickle:
        yield Line("the model is a pickle: loading it runs what it says", "bad")
    for difference in bundle.differences:
        yield Line(str(difference), "unknown")
    if manifest.metrics:
        yield Table(_METRICS, tuple(in_order(manifest.metrics).items()))
    if manifest.logged:
        heading = f"{count(len(manifest.logged), 'metric')} logged in the run, not measured of this model"
        yield Fold(heading, Table(_METRICS, tuple(in_order(manifest.logged).items())))
    if bundle.signature:
        rows = tuple((one.name, one.type, one.nullable, one.low, one.high) for one in bundle.signature.columns)
        yield Fold(count(len(rows), "column"), Table(("column", "type", "may be missing", "low", "high"), rows))
    files = tuple((name, file.size_bytes, file.sha256[:12]) for name, file in sorted(manifest.files.items()))
    yield Fold(count(len(files), "file"), Table(("file", "bytes", "SHA-256"), files))
    if manifest.trusted_by_user:
        yield Line(f"types trusted by word when it was written: {', '.join(manifest.trusted_by_user)}", "quiet")


def load_bundle(
    path: str | os.PathLike[str], *, trust: Iterable[str] = (), allow_pickle: bool = False, digest: str | None = None
) -> Bundle:
    """Load a bundle after checking everything in it; nothing is constructed before, and nothing until it is asked.

    Checked: the manifest; that every file it names is there with the right size and SHA-256, and no other; no links;
    every type in the model against this package's list and ``trust``. Hashes find damage. Against a person with
    intent, give the ``digest`` you know from the export: only that proves where a bundle comes from.

    Parameters
    ----------
    path
        The folder of the bundle.
    trust
        Exact type names trusted in addition, as a refusal names them.
    allow_pickle
        Accept a model kept as a pickle. Loading it runs whatever it says.
    digest
        ``bundle.digest`` as the export told it.

    Raises
    ------
    BundleError
        What is wrong, and what to do.
    """
    trusted = (trust,) if isinstance(trust, str) else tuple(trust)
    audited = audit(Path(path), trust=trusted, allow_pickle=allow_pickle, digest=digest)
    return Bundle(Path(path), audited.manifest, audited.differences, audited, trusted, allow_pickle)
