"""The machine a run happens on, as far as results and their speed hang on it."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any

from mlops_magics.capture.programs import command
from mlops_magics.capture.secrets import mask

GPU_SECONDS = 2.0
LONGEST_VALUE = 200

VARIABLES = (
    # how many threads work, and so in which order floats are added up
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS", "LOKY_MAX_CPU_COUNT", "OMP_DYNAMIC"),
    # what makes results repeatable
    *("PYTHONHASHSEED", "CUBLAS_WORKSPACE_CONFIG", "TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS", "MKL_CBWR"),
    *("PYTHONOPTIMIZE", "PYTHONUTF8", "SCIPY_ARRAY_API", "CUDA_VISIBLE_DEVICES", "CONDA_DEFAULT_ENV", "VIRTUAL_ENV"),
    # how dates, numbers and text are read
    *("TZ", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE"),
)
"""The only environment variables that are ever recorded."""

_PATHS = frozenset({"CONDA_DEFAULT_ENV", "VIRTUAL_ENV"})
"""Of these only the name of the folder."""


def variables(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment variables that results hang on, by a fixed list.

    >>> variables({"TZ": "UTC", "VIRTUAL_ENV": "/home/me/flights/.venv", "AWS_SECRET_ACCESS_KEY": "x"})
    {'VIRTUAL_ENV': '.venv', 'TZ': 'UTC'}
    """
    found = {name: environ[name] for name in VARIABLES if name in environ}
    return {name: mask((_last(value) if name in _PATHS else value)[:LONGEST_VALUE]) for name, value in found.items()}


def _last(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


@functools.lru_cache(maxsize=1)
def cpu() -> str | None:
    """The model of the processor, such as ``"AMD EPYC 7763 64-Core Processor"``; None where nobody tells."""
    if sys.platform == "darwin":
        return _ask("sysctl", "-n", "machdep.cpu.brand_string")
    if sys.platform == "win32":
        return platform.processor() or None
    lines = _read("/proc/cpuinfo").splitlines()
    models = (line.partition(":")[2].strip() for line in lines if line.lower().startswith(("model name", "cpu model")))
    return next(models, None)


def cpus() -> int | None:
    """How many processors this process may use: its affinity, and the quota of its container."""
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count()
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").strip().partition(" ")
    if count and quota.isdigit() and period.isdigit():
        return max(1, min(count, ceil(int(quota) / int(period))))
    return count


def memory_bytes() -> int | None:
    """How much memory there is, or less where its container gets less."""
    try:
        total = int(import_module("psutil").virtual_memory().total)
    except ImportError:
        return None
    limit = _read("/sys/fs/cgroup/memory.max").strip()
    return min(total, int(limit)) if limit.isdigit() else total


@functools.lru_cache(maxsize=1)
def gpus() -> tuple[str, ...] | None:
    """The names of the graphics processors, or None where there is none or nobody tells."""
    told = _ask("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    names = [line.strip() for line in (told or "").splitlines() if line.strip()]
    return tuple(names or _gpus_of(sys.modules.get("pynvml"))) or None


def _gpus_of(nvml: Any) -> list[str]:
    """What NVIDIA's library tells, where the person's own code has imported it."""
    if nvml is None:
        return []
    try:
        nvml.nvmlInit()
        return [_text(nvml.nvmlDeviceGetName(_device(nvml, number))) for number in range(nvml.nvmlDeviceGetCount())]
    except nvml.NVMLError:
        return []


def _device(nvml: Any, number: int) -> Any:
    return nvml.nvmlDeviceGetHandleByIndex(number)


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _ask(*words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            command(*words), capture_output=True, timeout=GPU_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
