"""What the owner of a store has decided, and what a wrong file does."""

import math
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_magics.errors import StoreError
from mlops_magics.store.location import Layout, StoreWarning
from mlops_magics.store.settings import Settings, read_settings, settings_or_safest


@pytest.fixture
def layout(tmp_path) -> Layout:
    (tmp_path / ".mlops").mkdir()
    return Layout(tmp_path / ".mlops")


def write(layout: Layout, text: str) -> None:
    (layout.root / "settings.toml").write_text(text, encoding="utf-8")


def test_no_file_no_folder_and_an_empty_file_are_the_defaults(layout, tmp_path) -> None:
    assert read_settings(Layout(tmp_path / "nowhere")) == read_settings(layout) == Settings()
    write(layout, "")
    assert read_settings(layout) == Settings()
    assert Settings() == Settings(
        private=False, private_columns=frozenset(), system_seconds=None, autolog=True, outputs=True
    )


def test_every_key(layout) -> None:
    write(
        layout,
        """[capture]
        autolog = false
        outputs = false
        system_seconds = 2
        [privacy]
        private = true
        columns = ["ssn", "Straße"]
        """,
    )
    found = read_settings(layout)
    assert found == Settings(
        private=True, private_columns=frozenset({"ssn", "Straße"}), system_seconds=2.0, autolog=False, outputs=False
    )
    assert type(found.system_seconds) is float


def test_an_editor_may_mark_the_file(layout) -> None:
    (layout.root / "settings.toml").write_bytes(b"\xef\xbb\xbf[privacy]\r\nprivate = true\r\n")
    assert read_settings(layout).private


WRONG = {
    "[privcy]\nprivate = true": "unknown table [privcy]. Did you mean 'privacy'?",
    "[privacy]\ncolums = ['ssn']": "[privacy] has no key 'colums'. Did you mean 'columns'?",
    "[capture]\nshape = true": "There is: autolog, outputs, system_seconds",
    "private = true": "unknown table [private]. Did you mean 'privacy'?",
    "privacy = true": "privacy is a table, not True",
    "[privacy]\nprivate = 'yes'": "privacy.private is true or false, not 'yes'",
    "[privacy]\nprivate = 1": "privacy.private is true or false, not 1",
    "[privacy]\ncolumns = 'ssn'": "privacy.columns is a list of names",
    "[privacy]\ncolumns = [1]": "privacy.columns is a list of names",
    "[capture]\nsystem_seconds = true": "capture.system_seconds is a number of seconds",
    "[capture]\nsystem_seconds = 0": "at least 0.1, not 0",
    "[capture]\nsystem_seconds = -1.5": "at least 0.1",
    "[capture]\nsystem_seconds = nan": "at least 0.1, not nan",
    "[capture]\nsystem_seconds = inf": "at least 0.1, not inf",
    "[capture": "cannot be read",
    "[privacy]\nprivate = true\nprivate = false": "cannot be read",
}


@pytest.mark.parametrize(("text", "said"), WRONG.items(), ids=range(len(WRONG)))
def test_a_wrong_file_is_one_clear_error_that_names_it(layout, text, said) -> None:
    write(layout, text)
    with pytest.raises(StoreError) as caught:
        read_settings(layout)
    assert said in str(caught.value)
    assert str(layout.root / "settings.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_and_a_folder_in_its_place(layout) -> None:
    (layout.root / "settings.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match="cannot be read"):
        read_settings(layout)
    (layout.root / "settings.toml").unlink()
    (layout.root / "settings.toml").mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        read_settings(layout)


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file_loses_no_run_and_gives_nothing_away(layout, text) -> None:
    write(layout, text)
    with pytest.warns(StoreWarning, match="Until this is mended every run here is private") as seen:
        found = settings_or_safest(layout)
    assert len(seen) == 1
    assert (found.private, found.outputs) == (True, False)


def test_columns_that_can_be_told_stay_private(layout) -> None:
    write(layout, "[privacy]\ncolumns = ['ssn']\n[capture]\nautlog = true")
    with pytest.warns(StoreWarning, match="autlog"):
        assert settings_or_safest(layout).private_columns == {"ssn"}


def test_nothing_is_known_of_columns_nothing_is_fitted(layout) -> None:
    for text, is_known in (("[privacy", False), ("[privacy]\ncolumns = 'ssn'", False), ("[capture]\na = 1", True)):
        write(layout, text)
        with pytest.warns(StoreWarning):
            assert settings_or_safest(layout).autolog is is_known


def test_right_settings_warn_of_nothing(layout) -> None:
    write(layout, "[privacy]\nprivate = true")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert settings_or_safest(layout) == Settings(private=True)


@given(seconds=st.floats(min_value=0.1, max_value=1e9) | st.integers(1, 10**6))
def test_seconds_stay_what_they_are(tmp_path_factory, seconds) -> None:
    layout = Layout(tmp_path_factory.mktemp("store"))
    write(layout, f"[capture]\nsystem_seconds = {seconds!r}")
    found = read_settings(layout).system_seconds
    assert found is not None
    assert math.isclose(found, seconds, rel_tol=0)
