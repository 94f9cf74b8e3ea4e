"""How busy the machine is while a run goes on: processors, memory, graphics."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from mlops_magics.capture.guard import Guard

MOST_FAILURES = 3


class SystemWatch:
    """Measures the machine every few seconds from a thread of its own, until it is stopped.

    Parameters
    ----------
    log
        Given what was measured, name to value. Once it raises, as that of a run that is over does, the watch ends.
    seconds
        From one measurement to the next. The first is taken after this long, and a last one when it is stopped.
    guard
        Told, once, what could not be measured.

    Notes
    -----
    ``system/cpu_percent``: how much of the machine's processors everybody together uses, 0 to 100.
    ``system/memory_bytes``: what this process and those it started hold resident, shared pages counted in each.
    ``system/memory_percent``: how much of the machine's memory is not available, 0 to 100.
    ``system/gpu_percent`` and ``system/gpu_memory_bytes``: the mean over the NVIDIA processors, and the sum; only where
    ``nvidia-ml-py`` is installed and there is one.
    """

    def __init__(
        self, log: Callable[[Mapping[str, float]], None], seconds: float = 5.0, *, guard: Guard | None = None
    ) -> None:
        self._log = log
        self._seconds = seconds
        self._guard = guard or Guard()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._owner = os.getpid()

    def start(self) -> None:
        """Begin to measure. Begun already, nothing changes."""
        if self._thread is None and not self._stopped.is_set():
            self._thread = threading.Thread(target=self._watch, name="mlops-system", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Measure once more and end; returns when nothing will be logged any more."""
        self._stopped.set()
        thread = self._thread
        # The child of a fork has the object, but not the thread.
        if thread is None or self._owner != os.getpid() or thread is threading.current_thread():
            return
        thread.join()

    @property
    def is_running(self) -> bool:
        """Whether measurements go on."""
        return self._thread is not None and self._owner == os.getpid() and self._thread.is_alive()

    def _watch(self) -> None:
        failures = 0
        meter: Meter | None = None
        is_last = False
        while not is_last and failures < MOST_FAILURES:
            try:
                if meter is None:
                    meter = Meter()
                is_last = self._stopped.wait(self._seconds)
                measured = meter.measure()
            except Exception as error:  # noqa: BLE001 - a machine that cannot be measured must not be felt
                self._guard.warn("how busy the machine is", error)
                failures += 1
                is_last = self._stopped.wait(self._seconds)
                continue
            try:
                self._log(measured)
            except Exception:  # noqa: BLE001 - the run is over, and was told to end elsewhere
                return


class Meter:
    """Reads the machine's gauges.

    Raises
    ------
    ImportError
        psutil is not installed.
    """

    def __init__(self) -> None:
        self._psutil = import_module("psutil")
        self._process = self._psutil.Process()
        # The first answer has nothing to compare with, and is a meaningless zero.
        self._psutil.cpu_percent(interval=None)
        self._nvml, self._devices = _graphics()

    def measure(self) -> dict[str, float]:
        """The values of now; the processors' are the mean since the measurement before."""
        psutil = self._psutil
        values = {
            "system/cpu_percent": float(psutil.cpu_percent(interval=None)),
            "system/memory_bytes": float(self._resident_bytes()),
            "system/memory_percent": float(psutil.virtual_memory().percent),
        }
        return values | self._measure_graphics()

    def _resident_bytes(self) -> int:
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except self._psutil.Error:
                # It ended meanwhile.
                continue
        return total

    def _measure_graphics(self) -> dict[str, float]:
        if not self._devices:
            return {}
        nvml = self._nvml
        try:
            used = [float(nvml.nvmlDeviceGetUtilizationRates(device).gpu) for device in self._devices]
            held = [float(nvml.nvmlDeviceGetMemoryInfo(device).used) for device in self._devices]
        except nvml.NVMLError:
            return {}
        return {"system/gpu_percent": sum(used) / len(used), "system/gpu_memory_bytes": sum(held)}


def _graphics() -> tuple[Any, list[Any]]:
    """NVIDIA's library and the processors it sees; none where it is not installed or has no driver."""
    try:
        nvml = import_module("pynvml")
    except ImportError:
        return None, []
    try:
        nvml.nvmlInit()
        return nvml, [nvml.nvmlDeviceGetHandleByIndex(number) for number in range(nvml.nvmlDeviceGetCount())]
    except nvml.NVMLError:
        return None, []
