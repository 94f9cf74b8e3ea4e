"""What is kept comes back to the last bit; what nobody trusts, what is damaged and what is hostile is refused."""

import contextlib
import io
import json
import pickle
import zipfile
from functools import partial

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble, linear_model, neighbors
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import Birch
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, SplineTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from mlops_magics.errors import ModelError
from mlops_magics.model.formats import TRUSTED_TYPES, dump_model, load_model, types_in, untrusted_types

generator = np.random.default_rng(11)
FRAME = pd.DataFrame({
    "a": generator.normal(size=150),
    "b": generator.gamma(2, size=150),
    "level": generator.choice(["x", "y", "z"], 150),
    "kind": pd.Categorical(generator.choice(["u", "v"], 150)),
})
Y = ((FRAME["a"] > 0) ^ (FRAME["level"] == "x")).astype(int).to_numpy()
NUMBERS = FRAME[["a", "b"]].to_numpy()


def prepare():
    return make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include=np.number)),
        (OneHotEncoder(handle_unknown="ignore"), ["level", "kind"]),
    )


TREE = DecisionTreeClassifier(max_depth=3, random_state=0)
CATEGORICAL = FRAME.astype({"level": "category"})
MODELS = {
    "logistic": (make_pipeline(prepare(), linear_model.LogisticRegression()), FRAME),
    "histogram": (ensemble.HistGradientBoostingClassifier(max_iter=5, early_stopping=True), CATEGORICAL),
    "histogram multiclass": (ensemble.HistGradientBoostingClassifier(max_iter=3), NUMBERS),
    "forest": (make_pipeline(prepare(), ensemble.RandomForestClassifier(5, random_state=0)), FRAME),
    "boosting": (ensemble.GradientBoostingClassifier(n_estimators=5), NUMBERS),
    "isolation": (ensemble.IsolationForest(n_estimators=5, max_features=0.5, random_state=0), NUMBERS),
    "bagging": (ensemble.BaggingClassifier(TREE, 3, max_features=1, random_state=0), NUMBERS),
    "ada": (ensemble.AdaBoostClassifier(n_estimators=3), NUMBERS),
    "stacking": (ensemble.StackingClassifier([("t", TREE), ("l", linear_model.LogisticRegression())]), NUMBERS),
    "voting": (ensemble.VotingClassifier([("t", TREE), ("l", linear_model.LogisticRegression())]), NUMBERS),
    "calibrated": (CalibratedClassifierCV(TREE, method="isotonic"), NUMBERS),
    "calibrated by temperature": (CalibratedClassifierCV(TREE, method="temperature"), NUMBERS),
    "kd tree": (neighbors.KNeighborsClassifier(algorithm="kd_tree"), NUMBERS),
    "ball tree": (neighbors.KNeighborsClassifier(algorithm="ball_tree", metric="canberra"), NUMBERS),
    "network": (MLPClassifier((4,), max_iter=5, random_state=0), NUMBERS),
    "margin": (SVC(), NUMBERS),
    "search": (GridSearchCV(linear_model.LogisticRegression(), {"C": [0.1, 1]}, scoring="roc_auc",
                            cv=StratifiedKFold(3)), NUMBERS),
    "spline": (make_pipeline(SplineTransformer(), linear_model.LogisticRegression()), NUMBERS),
    "function": (make_pipeline(FunctionTransformer(np.log1p), linear_model.LogisticRegression()), np.abs(NUMBERS)),
}  # fmt: skip


@pytest.fixture(scope="module")
def fitted():
    made = {}

    def fit(name):
        if name not in made:
            model, X = MODELS[name]
            with np.errstate(all="ignore"), pytest.MonkeyPatch.context():
                import warnings

                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # five iterations do not converge
                    y = np.digitize(FRAME["a"], [-0.5, 0.5]) if "multiclass" in name else Y
                    made[name] = (model.fit(X, y), X)
        return made[name]

    return fit


@pytest.mark.parametrize("name", MODELS)
def test_what_is_kept_comes_back_to_the_last_bit(name, fitted) -> None:
    model, X = fitted(name)
    saved = dump_model(model)
    assert saved.format == "skops"
    assert set(saved.types) <= TRUSTED_TYPES
    assert untrusted_types(saved.data) == []
    loaded = load_model(saved.data, format="skops")
    for method in ("predict", "predict_proba", "decision_function"):
        if hasattr(model, method):
            assert np.array_equal(getattr(loaded, method)(X), getattr(model, method)(X))


@pytest.mark.parametrize("package", ["xgboost", "lightgbm"])
def test_other_peoples_boosters(package) -> None:
    boosters = pytest.importorskip(package)
    model = boosters.XGBClassifier(n_estimators=5) if package == "xgboost" else boosters.LGBMClassifier(
        n_estimators=5, verbose=-1
    )
    model.fit(NUMBERS, Y)
    saved = dump_model(model)
    assert np.array_equal(load_model(saved.data, format="skops").predict_proba(NUMBERS), model.predict_proba(NUMBERS))


class Offset(linear_model.LinearRegression):
    """A type nobody trusts."""


def test_a_type_nobody_trusts_is_refused_until_named() -> None:
    saved = dump_model(Offset().fit(NUMBERS, Y))
    name = f"{Offset.__module__}.Offset"
    assert untrusted_types(saved.data) == [name]
    with pytest.raises(ModelError, match="nobody trusted") as refusal:
        load_model(saved.data, format="skops")
    assert f"--trust {name}" in str(refusal.value)
    assert untrusted_types(saved.data, trust=[name]) == []
    assert isinstance(load_model(saved.data, format="skops", trust=[name]), Offset)


def test_what_exists_only_in_the_notebook_is_refused() -> None:
    local = type("Local", (linear_model.LinearRegression,), {"__module__": "__main__"})
    with pytest.raises(ModelError, match="Move its definition"):
        dump_model(local().fit(NUMBERS, Y))
    nameless = make_pipeline(FunctionTransformer(lambda X: X), linear_model.LinearRegression()).fit(NUMBERS, Y)
    with pytest.raises(ModelError, match="lambda"):
        dump_model(nameless)


def test_what_skops_cannot_keep_names_the_part_and_the_next_step() -> None:
    model = make_pipeline(Birch(n_clusters=2), linear_model.Ridge()).fit(NUMBERS, Y)
    with pytest.raises(ModelError, match=r"birch \(Birch\)") as refusal:
        dump_model(model)
    assert "--allow-pickle" in str(refusal.value)
    saved = dump_model(model, allow_pickle=True)
    assert saved.format == "pickle"
    assert np.array_equal(
        load_model(saved.data, format="pickle", allow_pickle=True).predict(NUMBERS), model.predict(NUMBERS)
    )
    open_file = make_pipeline(FunctionTransformer(partial(print, file=io.StringIO())), linear_model.Ridge())
    open_file.steps[0][1].func.keywords["file"] = (value for value in ())
    with pytest.raises(ModelError, match="neither skops nor pickle"):
        dump_model(open_file, allow_pickle=True)


class Payload:
    def __reduce__(self):
        return (pytest.fail, ("the payload ran",))


def test_a_pickle_is_never_loaded_unasked() -> None:
    data = pickle.dumps(Payload())
    with pytest.raises(ModelError, match="allow_pickle=True"):
        load_model(data, format="pickle")
    with pytest.raises(ModelError, match="zip archive"):
        load_model(data, format="skops")
    with pytest.raises(ModelError, match="zip archive"):
        load_model(data, format="skops", allow_pickle=True)
    with pytest.raises(ModelError, match="no model format 'joblib'"):
        load_model(data, format="joblib", allow_pickle=True)


def rewritten(data: bytes, change) -> bytes:
    """A skops file with its schema changed by ``change`` and its members kept."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == "schema.json" else content)
    return out.getvalue()


def test_a_file_that_names_a_dangerous_function_is_refused(fitted) -> None:
    saved = dump_model(fitted("logistic")[0])

    def inject(content: bytes) -> bytes:
        schema = json.loads(content)
        evil = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1}
        schema["content"]["content"]["memory"] = {
            "__class__": "partial", "__module__": "functools", "__loader__": "PartialNode", "__id__": 2,
            "content": {"func": evil, "args": evil, "kwds": evil, "namespace": evil},
        }
        schema["trusted"] = ["os.system"]
        return json.dumps(schema).encode()

    with pytest.raises(ModelError, match=r"nobody trusted: os\.system"):
        load_model(rewritten(saved.data, inject), format="skops")


def archive(**members) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", "C:/x", "C:\\x", "..\\up", "\\\\host\\x"])
def test_members_that_lead_out_are_refused(name) -> None:
    with pytest.raises(ModelError, match="leads out"):
        types_in(archive(**{name: b"x"}))


def test_bombs_and_doubles_are_refused() -> None:
    with pytest.raises(ModelError, match="bomb"):
        types_in(archive(**{"schema.json": bytes(80 * 2**20)}))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("schema.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("schema.json", "{}")
    with pytest.raises(ModelError, match="twice"):
        types_in(out.getvalue())
    for schema in ("", "[]", "null", '{"protocol": 99}', '{"protocol": 2}', "[" * 100_000, "{}"):
        with pytest.raises(ModelError, match="cannot be read"):
            types_in(archive(**{"schema.json": schema}))


@settings(max_examples=150, deadline=None)
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_never_does_worse_than_a_refusal(position, bit) -> None:
    data = bytearray(SMALL)
    data[int(position * len(data))] ^= 1 << bit
    with contextlib.suppress(ModelError):
        load_model(bytes(data), format="skops")


SMALL = dump_model(linear_model.LinearRegression().fit(NUMBERS, Y)).data


def crafted(model, change) -> bytes:
    """A skops file whose native arrays were changed by ``change(name, array)``: what an attacker would send."""
    data = skops.io.dumps(model)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(".npy"):
                array = np.load(io.BytesIO(content))
                changed = io.BytesIO()
                np.save(changed, change(array.copy()))
                content = changed.getvalue()
            new.writestr(name, content)
    return out.getvalue()


def set_field(field, value, *, leaf=None):
    def change(array):
        if array.dtype.names and field in array.dtype.names and array.ndim == 1:
            array[field][0] = value
        return array

    return change


@pytest.mark.parametrize(("name", "field", "value"), [
    ("ada", "left_child", 10**9), ("ada", "right_child", -5), ("ada", "feature", 10**9), ("ada", "left_child", 0),
    ("forest", "feature", 10**6), ("boosting", "feature", 77), ("bagging", "feature", 1),
    ("histogram", "left", 10**6), ("histogram", "feature_idx", 10**9), ("histogram", "right", 0),
    ("kd tree", "idx_end", 10**9), ("kd tree", "idx_start", -3), ("ball tree", "idx_end", 10**6),
])  # fmt: skip
def test_structures_that_point_outside_are_refused(name, field, value, fitted) -> None:
    model, _ = fitted(name)
    load_model(crafted(model, lambda array: array), format="skops")
    with pytest.raises(ModelError, match=r"hostile|damaged"):
        load_model(crafted(model, set_field(field, value)), format="skops")


@pytest.mark.parametrize("name", ["boosting", "histogram multiclass", "ada", "forest"])
def test_an_ensemble_that_checks_other_features_than_it_reads_is_refused(name, fitted) -> None:
    def widen(content: bytes) -> bytes:
        schema = json.loads(content)
        for_all(schema, "n_features_in_", lambda node: node | {"content": "1", "__id__": None})
        return json.dumps(schema).encode()

    with pytest.raises(ModelError, match="features"):
        load_model(rewritten(dump_model(fitted(name)[0]).data, widen), format="skops")


def for_all(node, key, change) -> None:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key and isinstance(value, dict):
                node[name] = change(value)
            else:
                for_all(value, key, change)
    elif isinstance(node, list):
        for value in node:
            for_all(value, key, change)


def test_equal_models_are_equal_bytes(fitted) -> None:
    for name in ("logistic", "forest"):
        model, X = fitted(name)
        first = dump_model(model)
        model.predict(X)
        keep = [object() for _ in range(1000)]
        assert dump_model(model).data == first.data, name
        assert len(keep) == 1000
        with zipfile.ZipFile(io.BytesIO(first.data)) as archive:
            assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert str(id(model)) not in archive.read("schema.json").decode()
