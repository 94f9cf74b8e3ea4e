"""What is installed brings the front end with it, at the places where Jupyter looks."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BUILT = ROOT / "mlops_magics" / "labextension" / "static" / "style.js"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel of this tree, with the front end as `make lab` and `make test` built it."""
    if not BUILT.exists():
        pytest.skip("the front end is not built: make .venv/front")
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        pytest.skip("there is no uv to build with")
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [uv, "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


@pytest.mark.slow
def test_a_wheel_brings_the_front_end_once(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    front = "data/share/jupyter/labextensions/mlops-magics/"
    held = {name.partition(front)[2] for name in names if front in name}
    assert {"package.json", "install.json", "static/style.js", "schemas/mlops-magics/plugin.json"} <= held
    assert any(name.startswith("static/remoteEntry") for name in held)
    assert any(name.endswith("data/etc/jupyter/jupyter_server_config.d/mlops_magics.json") for name in names)
    assert not [name for name in names if name.startswith("mlops_magics/labextension")]


@pytest.mark.slow
def test_nothing_in_it_names_the_machine_that_built_it(wheel: zipfile.ZipFile) -> None:
    front = [name for name in wheel.namelist() if "labextensions" in name]
    for name in front:
        assert str(ROOT).encode() not in wheel.read(name), name
