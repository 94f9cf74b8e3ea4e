"""The rows a model is evaluated on, where they are given as a path or a query rather than as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_magics.errors import DataError

if TYPE_CHECKING:
    import pandas


def open_rows(model: Any, X: Any, y: Any, by: Any = None) -> tuple[Any, Any, Any]:
    """Read X where it is text; then ``y`` and ``by`` may be names of its columns.

    The model gets the columns it was fitted on where it says which, else all that are not its answers. What is no
    text is given back as it is.

    Parameters
    ----------
    model
        What is evaluated.
    X, y, by
        See :meth:`~mlops_magics.capture.run.ActiveRun.evaluate`.

    Raises
    ------
    DataError
        There is no such file, or no such column in it.
    """
    if not isinstance(X, str):
        return X, y, by
    from mlops_magics.data.frames import open_table

    frame = open_table(X).to_pandas()
    answers = _column(frame, y, X) if isinstance(y, str) else y
    groups = frame[by] if isinstance(by, str) and by in frame else by
    fitted = [str(name) for name in getattr(model, "feature_names_in_", ())]
    if fitted and set(fitted) <= set(frame.columns):
        frame = frame[fitted]
    elif isinstance(y, str):
        frame = frame.drop(columns=y)
    return frame, answers, groups


def _column(frame: pandas.DataFrame, name: str, place: str) -> pandas.Series[Any]:
    if name not in frame:
        raise DataError(
            f"there is no column {name!r} in {place}, and no such name in this notebook",
            seen=name, exists=frame.columns,
        )
    return frame[name]
