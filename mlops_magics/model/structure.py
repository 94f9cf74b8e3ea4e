"""What a fitted model is made of, in facts that can be compared without opening the model again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from mlops_magics.model.estimator import class_name_of
from mlops_magics.records import encode, plain

Names: TypeAlias = "Callable[[], Sequence[str] | None]"

LARGEST_BYTES = 64 * 1024
MOST_STEPS = 200
MOST_COEFFICIENTS = 500
MOST_NAMED = 100_000
MOST_CLASSES = 100
DEEPEST = 8

_COUNTS = {
    "n_features_in_": "features", "n_iter_": "iterations", "best_iteration_": "best iteration",
    "n_support_": "support vectors", "n_clusters_": "clusters", "n_components_": "components", "n_leaves_": "leaves",
    "alpha_": "alpha", "C_": "C", "best_score_": "best score", "oob_score_": "out-of-bag score", "rank_": "rank",
}  # fmt: skip
"""Fitted attributes that tell something in a number, or one per class, and what people call them."""

_PARTS = ("steps", "transformers_", "named_estimators_", "best_estimator_", "estimator_", "estimator", "regressor_")


def structure_of(model: object) -> dict[str, Any]:
    """What a fitted model is made of: its parts, fitted attributes that tell, and coefficients by feature.

    Nothing here changes the model, and nothing it does can make this fail: an attribute that raises is left out.

    Parameters
    ----------
    model
        A fitted estimator, of scikit-learn or in its manner.

    Returns
    -------
    dict
        JSON-ready, at most 64 KB. ``steps``: the class of the model, under ``""``, and of each part by its path, whose
        names are joined by two underscores; ``order``: the paths of the steps in order; ``fitted``: by path, numbers
        such as ``trees``, ``iterations``, ``features``, and the ``classes``; ``coefficients``: by path and feature, for
        several classes by class too, the 500 largest. Parts without such facts have none.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> found = structure_of(LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0]))
    >>> found["steps"], found["fitted"][""]["features"], round(found["coefficients"][""]["x0"], 6)
    ({'': 'sklearn.linear_model.LinearRegression'}, 1, 2.0)
    """
    steps: dict[str, str] = {}
    fitted: dict[str, Any] = {}
    coefficients: dict[str, Any] = {}
    for path, part, names in _walk(model, "", _no_names, 0):
        if path in steps or len(steps) >= MOST_STEPS:
            continue
        steps[path] = part if isinstance(part, str) else class_name_of(part)
        if facts := _safely(partial(_facts_of, part)):
            fitted[path] = facts
        if weights := _safely(partial(_coefficients, part, names)):
            coefficients[path] = weights
    found = {"steps": steps, "order": list(steps), "fitted": fitted, "coefficients": coefficients}
    return _at_most(found)


def _walk(model: Any, path: str, names: Names, depth: int) -> Iterator[tuple[str, Any, Names]]:
    """A model and its parts by path, each with who can name the features it was given."""
    yield path, model, names
    if depth >= DEEPEST or isinstance(model, str):
        return
    prefix = f"{path}__" if path else ""
    for attribute in _PARTS:
        given = names
        for label, part in _safely(partial(_parts_under, model, attribute)) or ():
            yield from _walk(part, f"{prefix}{label}", given, depth + 1)
            if attribute == "steps":
                given = partial(_names_after, part, given)


def _parts_under(model: Any, attribute: str) -> list[tuple[str, Any]]:
    return list(_parts(_told(model, attribute), attribute))


def _parts(found: Any, attribute: str) -> Iterator[tuple[str, Any]]:
    if isinstance(found, Mapping):
        yield from ((str(name), part) for name, part in found.items() if _is_part(part))
    elif isinstance(found, list):
        named = (item for item in found if isinstance(item, tuple) and len(item) >= 2 and isinstance(item[0], str))
        yield from ((item[0], item[1]) for item in named if _is_part(item[1]))
    elif found is not None and _is_part(found) and not isinstance(found, str):
        yield attribute.rstrip("_"), found


def _is_part(part: Any) -> bool:
    return isinstance(part, str) or (not isinstance(part, type) and callable(_told(part, "get_params")))


def _no_names() -> None:
    return None


def _names_after(part: Any, names: Names) -> Sequence[str] | None:
    """What a step calls the columns it hands on."""
    if isinstance(part, str):
        return names() if part == "passthrough" else None
    ask = _told(part, "get_feature_names_out")
    if not callable(ask):
        return None
    given = None if _told(part, "feature_names_in_") is not None else names()
    found = _safely(lambda: [str(name) for name in (ask() if given is None else ask(given))])
    return found or None


def _facts_of(part: Any) -> dict[str, Any]:
    return dict(_facts(part))


def _facts(part: Any) -> Iterator[tuple[str, Any]]:
    for attribute, name in _COUNTS.items():
        if (value := _number_or_few(_told(part, attribute))) is not None:
            yield name, value
    if (members := _members(part)) is not None:
        yield members
    classes = _told(part, "classes_")
    if hasattr(classes, "tolist") and len(classes) <= MOST_CLASSES:
        yield "classes", plain(classes)
    tree = _told(part, "tree_")
    if tree is not None:
        sizes = {"nodes": _told(tree, "node_count"), "depth": _told(tree, "max_depth")}
        yield from ((name, int(size)) for name, size in sizes.items() if size is not None)
    weights = _told(part, "intercept_")
    if (value := _number_or_few(weights)) is not None:
        yield "intercept", value


def _members(part: Any) -> tuple[str, int] | None:
    """How many trees a forest or a booster has, or members an ensemble of something else."""
    members = _told(part, "estimators_")
    if members is not None and hasattr(members, "__len__") and len(members):
        first = members.flat[0] if hasattr(members, "flat") else next(iter(members))
        size = getattr(members, "size", None)
        word = "trees" if _told(first, "tree_") is not None else "members"
        return word, size if isinstance(size, int) else len(members)
    booster, native = _told(part, "booster_"), _told(part, "_Booster")
    for ask in (_told(booster, "num_trees"), _told(native, "num_boosted_rounds")):
        if callable(ask):
            return "trees", int(ask())
    count = _told(part, "tree_count_")
    return ("trees", count) if isinstance(count, int) else None


def _coefficients(part: Any, names: Names) -> dict[str, Any]:
    """The coefficients by feature, the largest first; of several rows by class, or by position."""
    weights = _told(part, "coef_")
    if isinstance(part, str) or weights is None or getattr(weights, "ndim", 0) not in (1, 2):
        return {}
    rows = weights.reshape(1, -1) if weights.ndim == 1 else weights
    if not all(rows.shape):
        return {}
    if rows.shape[0] == 1:
        return _largest(rows, 0, _feature_names(part, names, rows.shape[1]), MOST_COEFFICIENTS)
    classes = _told(part, "classes_")
    labels = [str(label) for label in classes.tolist()] if hasattr(classes, "tolist") else []
    labels = labels if len(labels) == rows.shape[0] else [str(position) for position in range(rows.shape[0])]
    most = max(MOST_COEFFICIENTS // len(labels), 1)
    features = _feature_names(part, names, rows.shape[1])
    return {
        label: _largest(rows, position, features, most) for position, label in enumerate(labels[:MOST_COEFFICIENTS])
    }


def _feature_names(part: Any, names: Names, count: int) -> Sequence[str] | None:
    """None where there are too many to be asked for: naming a million words takes seconds."""
    if count > MOST_NAMED:
        return None
    given = _told(part, "feature_names_in_")
    found = [str(name) for name in given] if given is not None else names()
    return found if found is not None and len(found) == count else None


def _largest(rows: Any, row: int, features: Sequence[str] | None, most: int) -> dict[str, float]:
    import numpy

    weights = rows[[row]].toarray()[0] if hasattr(rows, "toarray") else numpy.asarray(rows[row])
    sizes = numpy.nan_to_num(numpy.abs(weights.astype(float)), nan=0.0)
    chosen = numpy.argsort(-sizes, kind="stable")[:most].tolist()
    return {features[at] if features else f"x{at}": float(weights[at]) for at in chosen}


def _number_or_few(value: Any) -> Any:
    """A number, or a short list of them; None for anything else."""
    if isinstance(value, bool | int | float):
        return plain(value)
    if hasattr(value, "dtype") and getattr(value.dtype, "kind", "") in "biuf" and getattr(value, "ndim", 9) <= 1:
        if getattr(value, "size", 0) > MOST_CLASSES:
            return None
        found = plain(value)
        return found[0] if isinstance(found, list) and len(found) == 1 else found
    is_few = isinstance(value, list) and 0 < len(value) <= MOST_CLASSES
    return plain(value) if is_few and all(isinstance(item, int | float) for item in value) else None


def _told(model: Any, name: str) -> Any:
    """What a model says under a name; None where it says nothing."""
    return _safely(lambda: getattr(model, name, None))


def _safely(ask: Callable[[], Any]) -> Any:
    """An answer of a model, or None: classes of the person's own may raise anything, and a model is worth more than
    what is told of it.
    """
    try:
        return ask()
    except Exception:  # noqa: BLE001 - see above
        return None


def _at_most(found: dict[str, Any]) -> dict[str, Any]:
    """Without what makes it too long: coefficients first, which are the most, and then the facts."""
    for name in ("coefficients", "fitted", "order", "steps"):
        if len(encode(found).encode("utf-8", "replace")) <= LARGEST_BYTES:
            break
        found = {**found, name: {} if name != "order" else [], "left_out": [*found.get("left_out", []), name]}
    return found
