"""A bar says how far the work is, and says nothing twice."""

BAR = """
import time
from mlops_magics.faces.progress import notebook_bar
with notebook_bar("end") as bar:
    for share in (0.1, 0.75, 0.75, 0.75, 0.751, 0.75, 0.9):
        for _ in range(3):
            bar(share, "a table")
            time.sleep(0.15)
"""


def test_what_has_not_changed_is_not_drawn_again(notebook) -> None:
    texts = [shown["text/plain"] for shown in notebook.ask(BAR).shown]
    drawn = [text for text in texts if text]
    assert texts[-1] == ""
    assert [text.partition(" %")[0][-2:] for text in drawn][-2:] == ["75", "90"]
    assert len(set(drawn)) == len(drawn)
