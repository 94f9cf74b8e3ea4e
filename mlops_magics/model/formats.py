"""How a model becomes bytes and comes back: skops by default, pickle only by the caller's explicit word.

The list of trusted types is this package's and the caller's. It is never read from the file.
"""

from __future__ import annotations

import pickle
import pickletools
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from mlops_magics.errors import ModelError
from mlops_magics.model.archive import canonical, check_archive
from mlops_magics.model.estimator import class_name_of
from mlops_magics.model.soundness import check_soundness
from mlops_magics.model.trusted import TRUSTED_TYPES

__all__ = ["TRUSTED_TYPES", "Format", "SavedModel", "dump_model", "load_model", "types_in", "untrusted_types"]

Format = Literal["skops", "pickle"]

_READ_ERRORS = (
    TypeError, ValueError, AttributeError, ImportError, LookupError, RecursionError, OSError, EOFError,
    NotImplementedError, zipfile.BadZipFile, zlib.error, pickle.PickleError, SystemError, ArithmeticError,
)
"""What the readers of both formats raise on a file that is not what it says."""

_DUMP_ERRORS = (
    TypeError, ValueError, AttributeError, RecursionError, NotImplementedError, pickle.PickleError, KeyError,
)


@dataclass(frozen=True)
class SavedModel:
    """A model as bytes. ``types`` are the names in a skops file that skops does not trust by itself, sorted."""

    format: Format
    data: bytes
    types: tuple[str, ...]


def dump_model(model: object, *, allow_pickle: bool = False) -> SavedModel:
    """Turn ``model`` into bytes that :func:`load_model` reads in another process.

    What was written is read back before it is returned, so a model that cannot come back is refused now.

    Parameters
    ----------
    model
        A fitted estimator.
    allow_pickle
        Fall back to pickle when skops cannot keep the model. Whoever loads a pickle runs whatever it says.

    Raises
    ------
    ModelError
        Names the part that cannot be kept, and the next step.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> dump_model(LinearRegression().fit([[0], [1]], [0, 1])).format
    'skops'
    """
    try:
        data = _skops_bytes(model)
        types = types_in(data)
        _refuse_homeless(types)
        load_model(data, format="skops", trust=types)
    except (ModelError, *_DUMP_ERRORS) as error:
        if not allow_pickle:
            raise _cannot_dump(model, error) from error
        return SavedModel("pickle", _pickled(model), ())
    return SavedModel("skops", data, types)


def types_in(data: bytes) -> tuple[str, ...]:
    """The names in a skops file that skops does not trust by itself, sorted. Nothing is constructed or imported."""
    import skops.io

    check_archive(data)
    try:
        return tuple(skops.io.get_untrusted_types(data=data))
    except _READ_ERRORS as error:
        raise _unreadable(error) from error


def untrusted_types(data: bytes, *, trust: Iterable[str] = ()) -> list[str]:
    """The names in a skops file that neither skops, nor this package, nor ``trust`` trusts, sorted.

    Raises
    ------
    ModelError
        The file is damaged or hostile.
    """
    return sorted(set(types_in(data)) - TRUSTED_TYPES - set(trust))


def load_model(data: bytes, *, format: str, trust: Iterable[str] = (), allow_pickle: bool = False) -> Any:  # noqa: A002
    """Construct the model that :func:`dump_model` wrote, after its archive and its types are found acceptable.

    Parameters
    ----------
    data
        The bytes that were checked; they are not read again from anywhere.
    format
        ``skops`` or ``pickle``, from a source you trust, never guessed from the bytes.
    trust
        Exact type names trusted in addition to :data:`TRUSTED_TYPES`.
    allow_pickle
        Unpickling runs whatever the file says: only for bytes you know.

    Raises
    ------
    ModelError
        A type nobody trusts, a pickle without ``allow_pickle``, a damaged or hostile file.
    """
    if format == "pickle":
        return _unpickled(data, allow_pickle=allow_pickle)
    if format != "skops":
        raise ModelError(f"there is no model format {format!r}", seen=format, exists=("skops", "pickle"))
    import skops.io

    types = types_in(data)
    if refused := sorted(set(types) - TRUSTED_TYPES - set(trust)):
        raise ModelError(
            f"the model holds {'types' if len(refused) > 1 else 'a type'} nobody trusted: {', '.join(refused)}",
            hint=f"If you know what it does, trust it by name: --trust {refused[0]}.",
        )
    try:
        model = skops.io.loads(data, trusted=list(types))
    except _READ_ERRORS as error:
        raise _unreadable(error) from error
    try:
        check_soundness(model)
    except _READ_ERRORS as error:
        raise _unreadable(error) from error
    return model


def _unpickled(data: bytes, *, allow_pickle: bool) -> Any:
    if not allow_pickle:
        raise ModelError(
            "the model is a pickle, which runs whatever it says when it is loaded",
            hint="If you know who made it, allow it: allow_pickle=True, or --allow-pickle.",
        )
    try:
        return pickle.loads(data)  # noqa: S301 - the caller said so in words
    except _READ_ERRORS as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> ModelError:
    return ModelError(
        f"the model file cannot be read ({type(error).__name__}: {str(error)[:200]})",
        hint="It is damaged, or made by another version of its packages: compare with its requirements.txt.",
    )


def _skops_bytes(model: object) -> bytes:
    import skops.io

    return canonical(skops.io.dumps(model))


def _pickled(model: object) -> bytes:
    try:
        data = pickle.dumps(model, protocol=5)
    except _DUMP_ERRORS as error:
        raise _cannot_dump(model, error, pickle_too=True) from error
    if any(text in ("__main__", "__mp_main__") for text in _texts(data)):
        raise _homeless("the pickle refers to something that is defined in __main__")
    return data


def _texts(data: bytes) -> Iterator[str]:
    for _, argument, _ in pickletools.genops(data):
        if isinstance(argument, str):
            yield argument.split(" ")[0]


def _refuse_homeless(types: Iterable[str]) -> None:
    """A name in ``__main__`` or inside a function exists in this process only: it would load here and nowhere else."""
    for name in types:
        if name.split(".")[0] in ("__main__", "__mp_main__") or "<" in name:
            raise _homeless(f"the model uses {name}, which is defined in the notebook")


def _homeless(what: str) -> ModelError:
    return ModelError(what, hint="Move its definition into a module both sides can import, then fit again.")


def _cannot_dump(model: object, error: Exception, *, pickle_too: bool = False) -> ModelError:
    if isinstance(error, ModelError) and "defined in the notebook" in error.what:
        return error
    part = None if pickle_too else _offender(model)
    where = f"its part {part}" if part else "it"
    formats = "neither skops nor pickle" if pickle_too else "skops"
    verb = "can keep" if pickle_too else "cannot keep"
    reason = str(error).split("\n", maxsplit=1)[0][:200]
    hint = "Replace that part" if pickle_too else "Replace that part, or allow pickle: --allow-pickle"
    return ModelError(f"{formats} {verb} {class_name_of(model)}: {where} is refused ({reason})", hint=f"{hint}.")


def _offender(model: Any) -> str | None:
    """The deepest named parameter that cannot be kept, as ``name (Class)``."""
    params = model.get_params(deep=True) if callable(getattr(model, "get_params", None)) else {}
    for name in sorted(params, key=lambda key: (-key.count("__"), key)):
        try:
            part = _skops_bytes(params[name])
            load_model(part, format="skops", trust=types_in(part))
        except (ModelError, *_DUMP_ERRORS):
            return f"{name} ({type(params[name]).__name__})"
    return None
