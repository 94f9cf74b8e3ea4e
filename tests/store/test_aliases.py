"""``@champion`` means the run of an experiment that was given the alias last, to who asks and to who looks on."""

import pytest

from mlops_magics.errors import RunNotFound
from mlops_magics.records import Artifact, RunRevision, Tag
from mlops_magics.store.watch import MODELS, Watch

MODEL = Artifact(name="model", type="model", sha256="0" * 64, size_bytes=1)


def seen(watch: Watch) -> dict[str, tuple[str, ...]]:
    return {model.run.name: model.aliases for model in watch.look().models}


@pytest.mark.parametrize("folds", [False, True])
def test_it_moves_goes_back_and_is_of_one_experiment(store, begin, folds) -> None:
    first, second = begin(name="first"), begin(name="second")
    other = begin(name="other", experiment="trains")
    watch = Watch(store.path)

    def tag(journal, value: str) -> dict[str, tuple[str, ...]]:
        journal.record(Tag(key="alias", value=value))
        if folds:
            store.fold()
        return seen(watch)

    for journal in (first, second, other):
        journal.record(MODEL)
        journal.record(Tag(key="team", value="champion"))
    assert seen(watch) == {"first": (), "second": (), "other": ()}
    assert tag(first, "champion, eu") == {"first": ("champion", "eu"), "second": (), "other": ()}
    assert tag(second, "champion")["second"] == ("champion",)
    assert (store.find("@champion").name, store.find("@eu").name) == ("second", "first")
    assert tag(other, "champion") == {"first": ("eu",), "second": ("champion",), "other": ("champion",)}
    assert [store.find(f"{where}@champion").name for where in ("", "flights", "flights/", "trains")] == [
        "other", "second", "second", "other",
    ]  # fmt: skip
    assert tag(second, "")["first"] == ("champion", "eu")
    assert store.find("flights@champion").name == "first"
    # The newest revision of a run's name and experiment counts.
    first.record(RunRevision(experiment="trains"))
    assert store.find("trains@eu").name == "first"


def test_an_alias_that_nobody_has_is_an_error_that_says_who_has_one(store, begin) -> None:
    begin(name="first").record(Tag(key="alias", value="champion"))
    with pytest.raises(RunNotFound, match="no run has the alias 'champoin'") as found:
        store.find("@champoin")
    assert "@champion" in str(found.value)
    with pytest.raises(RunNotFound, match=r"no run of flights has the alias 'live'.*alias=live"):
        store.find("flights@live")


def test_a_model_with_an_alias_is_told_however_old_it_is(store, begin) -> None:
    for number in range(MODELS + 5):
        journal = begin(name=f"run{number}")
        journal.record(MODEL)
        journal.record(RunRevision(status="finished"))
        journal.close()
    store.fold()
    store.record(store.find("run0").id, Tag(key="alias", value="champion"))
    store.fold()
    models = Watch(store.path).look().models
    assert len(models) == MODELS
    assert (models[0].run.name, models[0].aliases) == ("run0", ("champion",))
    assert models[1].run.name == f"run{MODELS + 4}"
