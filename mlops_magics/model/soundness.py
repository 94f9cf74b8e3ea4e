"""Whether the native structures inside a model point only into themselves.

scikit-learn's tree code follows stored positions without looking; a crafted file makes it read foreign memory. Every
check here is on a constructed model that has not been asked anything yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mlops_magics.errors import ModelError


def check_soundness(model: object) -> None:
    """Look into every tree, boosted tree and neighbour tree inside ``model``.

    Raises
    ------
    ModelError
        A child, feature, row or bit set lies outside its array, a child comes before its parent (a loop), or the
        trees of an ensemble expect other features than the ensemble checks.
    """
    for part in _parts(model):
        checks = _CHECKS.get(type(part).__name__) if type(part).__module__.startswith("sklearn.") else None
        if checks:
            checks(part)


def _parts(model: object) -> Iterator[object]:
    """Everything reachable from ``model`` through attributes, sequences, mappings and arrays of objects, once."""
    seen: set[int] = set()
    waiting: list[object] = [model]
    while waiting:
        part = waiting.pop()
        if id(part) in seen or part is None or isinstance(part, str | bytes | int | float | type):
            continue
        seen.add(id(part))
        yield part
        waiting.extend(_inside(part))


def _inside(part: object) -> list[object]:
    if isinstance(part, dict):
        return list(part.values())
    if isinstance(part, list | tuple | set | frozenset):
        return list(part)
    if isinstance(part, np.ndarray):
        return list(part.ravel()) if part.dtype == object else []
    return list(getattr(part, "__dict__", {}).values())


def _refuse(part: object, what: str) -> None:
    raise ModelError(
        f"a {type(part).__name__} in the model {what}, which would crash this process when it predicts",
        hint="The file is damaged or hostile. Do not use it; ask whoever made it for it again.",
    )


def _is_within(positions: Any, end: int) -> bool:
    return bool(((positions >= 0) & (positions < end)).all())


def _check_children(part: object, left: Any, right: Any, parents: Any, count: int) -> None:
    for children in (left, right):
        if not (_is_within(children, count) and bool((children.astype(np.int64) > parents).all())):
            _refuse(part, "has children outside of it")


def _check_tree(tree: Any) -> None:
    state = tree.__getstate__()
    nodes = state["nodes"]
    if not len(nodes) or tree.node_count != len(nodes):
        _refuse(tree, f"says it has {tree.node_count} nodes, it has {len(nodes)}")
    inner = np.flatnonzero(nodes["left_child"] != -1)
    _check_children(tree, nodes["left_child"][inner], nodes["right_child"][inner], inner, len(nodes))
    if not _is_within(nodes["feature"][inner], tree.n_features):
        _refuse(tree, "splits on features outside the data")


def _check_owner(model: Any) -> None:
    tree = getattr(model, "tree_", None)
    if tree is not None and tree.n_features != model.n_features_in_:
        _refuse(model, "checks another number of features than its tree reads")


def _check_forest(model: Any) -> None:
    for tree in np.ravel(getattr(model, "estimators_", ())):
        if tree.tree_.n_features != model.n_features_in_:
            _refuse(model, "checks another number of features than its trees read")


def _check_isolation(model: Any) -> None:
    if not hasattr(model, "estimators_"):
        return
    is_subset = model._max_features != model.n_features_in_
    for tree, features in zip(model.estimators_, model.estimators_features_, strict=True):
        given = len(features) if is_subset else model.n_features_in_
        if tree.tree_.n_features != given:
            _refuse(model, "checks another number of features than its trees read")


def _check_boosting(model: Any) -> None:
    if not hasattr(model, "estimators_"):
        return
    _check_forest(model)
    per_stage = getattr(model, "n_trees_per_iteration_", None) or getattr(model, "_K", 1)
    if model.estimators_.ndim != 2 or model.estimators_.shape[1] != per_stage:
        _refuse(model, "has another number of trees per stage than answers")


def _check_predictor(predictor: Any) -> None:
    nodes = predictor.nodes
    if not len(nodes):
        _refuse(predictor, "has no nodes")
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    _check_children(predictor, nodes["left"][inner], nodes["right"][inner], inner, len(nodes))
    categorical = inner[nodes["is_categorical"][inner] != 0]
    for bitsets in (predictor.raw_left_cat_bitsets, predictor.binned_left_cat_bitsets):
        if bitsets.ndim != 2 or bitsets.shape[1] != 8 or not _is_within(nodes["bitset_idx"][categorical], len(bitsets)):
            _refuse(predictor, "names categories outside of it")


def _check_histogram_boosting(model: Any) -> None:
    if not hasattr(model, "_predictors"):
        return
    binning = model._bin_mapper
    is_categorical = np.asarray(binning.is_categorical_)
    if len(is_categorical) != model.n_features_in_ or len(binning.bin_thresholds_) != model.n_features_in_:
        _refuse(model, "checks another number of features than it bins")
    for predictor in (predictor for stage in model._predictors for predictor in stage):
        nodes = predictor.nodes[predictor.nodes["is_leaf"] == 0]
        features = nodes["feature_idx"]
        if not _is_within(features, model.n_features_in_):
            _refuse(model, "splits on features outside the data")
        if not is_categorical[features[nodes["is_categorical"] != 0]].all():
            _refuse(model, "takes a number for a category")


def _check_neighbour_tree(tree: Any) -> None:
    state = tree.__getstate__()
    data, rows, nodes, bounds, _, _, count = state[:7]
    distance = state[11]
    if rows.shape != (len(data),) or not _is_within(rows, len(data)):
        _refuse(tree, "names rows outside its data")
    if len(nodes) != count or bounds.shape[1:] != (count, data.shape[1]):
        _refuse(tree, "has another number of nodes than it says")
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    if not _is_within(2 * inner + 2, count):
        _refuse(tree, "has children outside of it")
    starts, ends = nodes["idx_start"], nodes["idx_end"]
    if not ((starts >= 0) & (starts <= ends) & (ends <= len(data))).all():
        _refuse(tree, "names rows outside its data")
    if type(distance).__name__.startswith("Minkowski") and len(distance.__getstate__()[1]) not in (0, data.shape[1]):
        _refuse(tree, "weighs another number of features than it has")


_CHECKS = {
    "Tree": _check_tree,
    "TreePredictor": _check_predictor,
    "KDTree": _check_neighbour_tree,
    "BallTree": _check_neighbour_tree,
    "IsolationForest": _check_isolation,
    **dict.fromkeys(
        ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"), _check_owner
    ),
    **dict.fromkeys(
        ("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
         "RandomTreesEmbedding"), _check_forest,
    ),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), _check_boosting),
    **dict.fromkeys(
        ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), _check_histogram_boosting
    ),
}
