"""One messy afternoon in a notebook, played step by step in a kernel of its own: cells are run out of order, run twice,
edited, deleted and forgotten. What a person does with keys and mouse, so that it can be told and tested.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
from jupyter_client.manager import KernelManager

PLACE = Path("afternoon.ipynb")

LOAD = """%load_ext mlops_magics
import pandas as pd

january = pd.read_parquet("january.parquet")"""
THIN = "january = january.iloc[::2]"
FEATURES = 'features = ["hour", "temp", "wind_speed"]'
MORE = 'features = ["hour", "temp", "wind_speed", "visib", "humid", "origin"]'
SPLIT = """train = january[january["date"].dt.day <= 24]
test = january[january["date"].dt.day > 24]"""
LOOK = 'january.groupby("carrier")["late"].mean().plot.bar(figsize=(4, 2), title="late in January");'
TABLE = """X, y = pd.get_dummies(train[features]), train["late"]
X_test, y_test = pd.get_dummies(test[features]), test["late"]"""
TRACK = "%mlops track afternoon --name tangled"
FIT = """from sklearn.ensemble import HistGradientBoostingClassifier

model = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(X, y)"""
WEIGHTS = "weights = model.feature_importances_"
SCORE = "%mlops evaluate model X_test y_test"
END = "%mlops end"

NOTEBOOK = {
    "load": LOAD, "track": TRACK, "thin": THIN, "features": FEATURES, "split": SPLIT, "look": LOOK, "table": TABLE,
    "fit": FIT, "weights": WEIGHTS, "score": SCORE, "end": END,
}  # fmt: skip

STEPS = (
    ("run", "load"), ("run", "track"), ("run", "features"), ("run", "split"), ("run", "look"), ("run", "table"),
    ("run", "fit"),
    ("run", "weights"),  # it has none: an error
    ("run", "score"),
    ("run", "thin"),  # is it quicker with every other flight? a cell further up, only now
    ("run", "thin"),  # the finger slipped: now it is every fourth
    ("run", "split"),
    ("delete", "thin"),  # never mind
    ("edit", "features", MORE),
    ("run", "features"), ("run", "table"), ("run", "fit"), ("run", "score"),
    ("edit", "fit", FIT.replace("60", "200")),  # for tomorrow; it does not run any more
    ("run", "end"),
)  # fmt: skip


def play() -> Iterator[str]:
    """Play the steps, telling each; the notebook is saved whenever it changes, as JupyterLab does."""
    notebook = {name: nbformat.v4.new_code_cell(source, id=name) for name, source in NOTEBOOK.items()}
    save(notebook)
    manager = KernelManager(kernel_cmd=None)
    environment = {**os.environ, "JPY_SESSION_NAME": str(PLACE.absolute())}
    manager.start_kernel(env=environment, extra_arguments=["--IPKernelApp.log_level=40"])
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        for step in STEPS:
            yield do(step, notebook, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
        manager.cleanup_resources()


def do(step, notebook, client) -> str:
    match step:
        case ("run", name):
            count, error = run(notebook[name], client)
            return f"[{count:2}] {'failed ' if error else 'ran    '}   {name}{f': {error}' if error else ''}"
        case ("edit", name, source):
            notebook[name].source = source
            save(notebook)
            return f"     edited    {name}"
        case ("delete", name):
            del notebook[name]
            save(notebook)
            return f"     deleted   {name}"
    raise ValueError(step)


def run(cell, client) -> tuple[int, str | None]:
    """Send a cell to the kernel as a front end does, with its id; tells its number, and the kind of its error."""
    content = {"code": cell.source, "silent": False, "store_history": True, "allow_stdin": False}
    content["stop_on_error"] = False  # the next step is sent whatever this one does
    message = client.session.msg("execute_request", content)
    message["metadata"] = {"cellId": cell.id}
    client.shell_channel.send(message)
    while True:
        reply = client.get_shell_msg(timeout=300)
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            return reply["content"]["execution_count"], reply["content"].get("ename")


def save(notebook) -> None:
    nbformat.write(nbformat.v4.new_notebook(cells=list(notebook.values())), PLACE)
