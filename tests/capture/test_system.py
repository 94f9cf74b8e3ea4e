"""How busy the machine is: measured while a run goes on, and never longer."""

import os
import subprocess
import sys
import threading
import time
import warnings

import psutil
import pynvml
import pytest

from mlops_magics.capture import system
from mlops_magics.capture.guard import Guard
from mlops_magics.capture.system import Meter, SystemWatch
from mlops_magics.store.location import StoreWarning

NAMES = {"system/cpu_percent", "system/memory_bytes", "system/memory_percent"}


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "mlops-system"]


def wait_for(condition, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def run_out(watch: SystemWatch) -> None:
    watch.start()
    wait_for(lambda: not watch.is_running)


def test_it_measures_until_it_is_stopped() -> None:
    seen: list[dict[str, float]] = []
    watch = SystemWatch(lambda values: seen.append(dict(values)), seconds=0.02)
    watch.start()
    watch.start()
    assert len(threads()) == 1
    assert threads()[0].daemon
    wait_for(lambda: len(seen) >= 3)
    watch.stop()
    count = len(seen)
    assert not watch.is_running
    assert threads() == []
    time.sleep(0.1)
    assert len(seen) == count
    watch.stop()
    watch.start()
    assert threads() == []
    total = psutil.virtual_memory().total
    for values in seen:
        assert set(values) == NAMES
        assert all(type(value) is float for value in values.values())
        assert 0 <= values["system/cpu_percent"] <= 100
        assert 0 <= values["system/memory_percent"] <= 100
        assert 1e6 < values["system/memory_bytes"] < total


def test_a_short_run_has_one_measurement() -> None:
    seen: list[object] = []
    watch = SystemWatch(seen.append, seconds=60)
    watch.start()
    began = time.monotonic()
    watch.stop()
    assert len(seen) == 1
    assert time.monotonic() - began < 5


def test_children_are_counted() -> None:
    meter = Meter()
    before = meter.measure()["system/memory_bytes"]
    script = "x = bytearray(80_000_000); print(1, flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe) as child:
        child.stdout.readline()
        during = meter.measure()["system/memory_bytes"]
        child.communicate(b"\n")
    assert during - before > 70_000_000
    assert meter.measure()["system/memory_bytes"] < during - 70_000_000


def test_load_is_seen() -> None:
    meter = Meter()
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        pass
    assert meter.measure()["system/cpu_percent"] >= 100 / os.cpu_count() * 0.5


def test_it_ends_with_a_run_that_ended_without_it() -> None:
    calls = []

    def log(values: object) -> None:
        calls.append(values)
        raise RuntimeError("the run is over")

    watch = SystemWatch(log, seconds=0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        watch.start()
        wait_for(lambda: not watch.is_running)
    assert len(calls) == 1
    watch.stop()


def test_what_logs_may_stop_it() -> None:
    watch = SystemWatch(lambda _: watch.stop(), seconds=0.01)
    watch.start()
    wait_for(lambda: not watch.is_running)


@pytest.mark.skipif(not psutil.LINUX, reason="its gauges are files on Linux only")
def test_a_machine_that_cannot_be_measured_is_said_once(monkeypatch) -> None:
    watch = SystemWatch(lambda _: None, seconds=0.01, guard=Guard())
    monkeypatch.setattr(psutil, "PROCFS_PATH", "/nowhere")
    with pytest.warns(StoreWarning, match="how busy the machine is.*NoSuchProcess") as said:
        run_out(watch)
    assert len(said) == 1
    watch.stop()


def test_without_psutil_nothing_is_logged_and_it_is_said(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    seen: list[object] = []
    watch = SystemWatch(seen.append, seconds=0.01)
    with pytest.warns(StoreWarning, match="psutil"):
        run_out(watch)
    assert seen == []


def test_graphics_where_there_are_some(monkeypatch) -> None:
    """The library is NVIDIA's; no machine of the tests has its driver, whose answers stand here instead of it."""

    def answer(**answers) -> None:
        for name, given in answers.items():
            monkeypatch.setattr(pynvml, f"nvml{name}", given)

    def refuses(*_: object) -> None:
        raise pynvml.NVMLError_GpuIsLost

    assert system._graphics() == (None, []), "without a driver"
    answer(Init=lambda: None, DeviceGetCount=lambda: 2, DeviceGetHandleByIndex=lambda number: number)
    answer(
        DeviceGetUtilizationRates=lambda device: pynvml.c_nvmlUtilization_t([40, 60][device], 10),
        DeviceGetMemoryInfo=lambda device: pynvml.c_nvmlMemory_t(1 << 33, 0, [1 << 30, 1 << 31][device]),
    )
    measured = Meter().measure()
    assert set(measured) == NAMES | {"system/gpu_percent", "system/gpu_memory_bytes"}
    assert (measured["system/gpu_percent"], measured["system/gpu_memory_bytes"]) == (50.0, float(3 << 30))
    answer(DeviceGetMemoryInfo=refuses)
    assert set(Meter().measure()) == NAMES


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_a_fork_ends_at_once() -> None:
    script = (
        "import os, warnings; warnings.simplefilter('ignore')\n"
        "from mlops_magics.capture.system import SystemWatch\n"
        "watch = SystemWatch(print, seconds=60); watch.start()\n"
        "child = os.fork()\n"
        "if child == 0: assert not watch.is_running; watch.stop(); os._exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    # And a process that does not stop the watch is not kept by it.
    assert done.stdout == "7\n"


def test_a_measurement_is_cheap() -> None:
    meter = Meter()
    times = []
    for _ in range(20):
        began = time.thread_time()
        meter.measure()
        times.append(time.thread_time() - began)
    assert sorted(times)[10] < 0.05
