"""Keeping things with a run: what an object is, and the bytes it becomes."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_magics.errors import MlopsError, ValueNotRecorded
from mlops_magics.records import ENCODED_LIST_LIMIT, Artifact, Model, encode
from mlops_magics.store.identity import new_id

if TYPE_CHECKING:
    from mlops_magics.capture.private import Met
    from mlops_magics.capture.run import ActiveRun
    from mlops_magics.store.queries import Store

_Written = tuple[bytes, dict[str, Any]]
"""What something becomes, and what to know of it."""


def keep(
    store: Store, content: Any, *, name: str | None = None, private: frozenset[str] = frozenset()
) -> Artifact:
    """Put a file or an object into the store, and describe it.

    Text that names an existing file is that file. Objects become: bytes and text as they are, frames Parquet, figures
    PNG, models skops, mappings and lists JSON. Frames, mappings and lists are kept without what private columns hold;
    ``hidden`` in the detail names these.

    Raises
    ------
    MlopsError
        The path leads nowhere, is a folder, the object is of none of these kinds, or all of it is private.
    """
    if isinstance(content, str | Path):
        path = Path(content)
        if _is_file(path):
            return _artifact(store, path, name or path.name, "file", path.stat().st_size)
        if isinstance(content, Path) or (name is None and "\n" not in content):
            reason = "is a folder" if path.is_dir() else "does not exist"
            raise MlopsError(f"{str(content)!r} {reason}", hint="Give a file, or an object and a name for it")
    for recognises, suffix, kind, write in _KINDS:
        if recognises(content):
            data, detail = write(content, private)
            label = name or f"{type(content).__name__.lower()}{suffix}"
            return _artifact(store, data, label, kind, len(data), detail)
    raise ValueNotRecorded(
        f"an object of type {type(content).__name__} cannot be kept",
        hint="Keep a file, bytes, text, a frame, a figure, a fitted model, a dict or a list",
    )


def keep_model(
    run: ActiveRun, model: Any, *, task: str, met: Met | None = None, example: str | None = None
) -> tuple[Artifact, Model]:
    """Put a fitted model into the store of a run, unless it is too large or holds what is private: what to record.

    Parameters
    ----------
    run
        Whose settings and private columns count.
    model, task
        The model, and what it is for.
    met
        The private columns it is evaluated on.
    example
        The SHA-256 of a blob with a few rows it was evaluated on.

    Raises
    ------
    ModelError
        It cannot be written, not even as a pickle, or must not be; says why, and what to do about it.
    """
    from mlops_magics.model.state import OpaqueModel, TooLarge, look_through
    from mlops_magics.model.structure import structure_of

    limit, is_private = run.settings.model_bytes, run.privacy.is_private or bool(run.privacy.columns)
    try:
        state = look_through(model, limit_bytes=limit)
    except OpaqueModel:
        # What no pickle can hold, skops may; how large it is shows when it is written.
        if is_private:
            raise
    else:
        if is_private:
            run.private.check_model(model, state, met=met)
    data, detail = _model(model, frozenset())
    if len(data) > limit:
        raise TooLarge(model, limit)
    # What is told of a model in plain words is private where the model may be.
    told = {} if is_private else {"structure": run.store.keep_blob(encode(structure_of(model)).encode())}
    artifact = _artifact(run.store, data, "model", "model", len(data), {**detail, "task": task, **told})
    return artifact, model_record(run, model, artifact, task=task, example=example)


def model_record(
    run: ActiveRun, model: Any, kept: Artifact | str, *, task: str = "", example: str | None = None
) -> Model:
    """That a model is the run's from here on. ``kept`` is its file, or why there is none, as a clause."""
    from mlops_magics.model.estimator import class_name_of, fitted_features

    features = fitted_features(model)
    return Model(
        model=new_id() if isinstance(kept, str) else kept.sha256,
        class_name=class_name_of(model),
        task=task,
        fit=run.fitted.fit_of(model),
        features=features if features is None or len(features) <= ENCODED_LIST_LIMIT else None,
        reason=kept if isinstance(kept, str) else None,
        example=example,
    )


def _artifact(  # noqa: PLR0913, PLR0917 - one value per field of the record
    store: Store,
    content: bytes | Path,
    name: str,
    kind: str,
    size_bytes: int,
    detail: Mapping[str, Any] | None = None,
) -> Artifact:
    return Artifact(name=name, type=kind, sha256=store.keep_blob(content), size_bytes=size_bytes, detail=detail or None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # text too long to be a path


def is_frame(content: Any) -> bool:
    """Whether it is a table of pandas, Polars or Arrow, without importing any of them."""
    return any(
        package in sys.modules and isinstance(content, getattr(sys.modules[package], name, ()))
        for package, name in (("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table"))
    )


def _frame(content: Any, private: frozenset[str]) -> _Written:
    import narwhals
    import pyarrow.parquet

    from mlops_magics.capture.public import public_frame, public_table

    hidden: list[str] = []
    if "pandas" in type(content).__module__:
        seen = public_frame(content, private)
        if seen is None:
            raise _all_private(private)
        content, hidden = seen
    table = narwhals.from_native(content, eager_only=True).to_arrow()
    if private:
        table, fields = public_table(table, private)
        hidden += fields
    if hidden and not (table.num_rows and table.num_columns):
        raise _all_private(hidden)
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    return sink.getvalue(), {"rows": table.num_rows, "columns": table.column_names, **_hidden(hidden)}


def _structure(content: Any, private: frozenset[str]) -> _Written:
    from mlops_magics.capture.public import public_structure

    public, hidden = public_structure(content, private) if private else (content, [])
    return encode(public).encode(), _hidden(hidden)


def _hidden(names: list[str]) -> dict[str, Any]:
    return {"hidden": names} if names else {}


def _all_private(names: Iterable[str]) -> ValueNotRecorded:
    return ValueNotRecorded(
        f"nothing of it is not private: it holds values of {' or '.join(sorted(names))}",
        hint="Keep a table without these columns, or take them from [privacy] in the store's settings.toml",
    )


def _figure(content: Any, private: frozenset[str]) -> _Written:  # noqa: ARG001 - a drawing is the person's own
    sink = io.BytesIO()
    content.savefig(sink, format="png", bbox_inches="tight")
    return sink.getvalue(), {}


def _model(content: Any, private: frozenset[str]) -> _Written:  # noqa: ARG001 - whoever keeps a model says that it may be
    from mlops_magics.model.estimator import describe
    from mlops_magics.model.formats import dump_model

    # Writing a pickle harms nobody; reading one takes the user's word, at export and at load.
    saved = dump_model(content, allow_pickle=True)
    return saved.data, {"format": saved.format, "class": describe(content).class_name}


def _raw(content: Any, private: frozenset[str]) -> _Written:  # noqa: ARG001 - text is the person's own
    return (content.encode("utf-8", "backslashreplace") if isinstance(content, str) else bytes(content)), {}


_KINDS: tuple[tuple[Callable[[Any], bool], str, str, Callable[[Any, frozenset[str]], _Written]], ...] = (
    (lambda content: isinstance(content, bytes | bytearray), ".bin", "file", _raw),
    (lambda content: isinstance(content, str), ".txt", "file", _raw),
    (is_frame, ".parquet", "file", _frame),
    (lambda content: hasattr(content, "savefig"), ".png", "file", _figure),
    (lambda content: hasattr(content, "predict") and hasattr(content, "fit"), ".skops", "model", _model),
    (lambda content: isinstance(content, Mapping | list | tuple), ".json", "file", _structure),
)
