"""Asynchronous work on a thread of its own, so that it can be waited for anywhere: in a script, where no event loop is
running, and in a notebook, where one is.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

from mlops_magics.look.progress import Progress

_T = TypeVar("_T")
LISTEN_SECONDS = 0.2
"""How often a wait is broken off for a moment: on Windows an interrupt comes through only then."""


def run_apart(work: Callable[[Progress], Awaitable[_T]], progress: Progress | None = None) -> _T:
    """Do asynchronous work to its end, and return what it returns or raise what it raises.

    ``work`` is given a function to tell how far it is; ``progress`` hears of it on the thread that called. An
    interrupt, or an error of ``progress``, cancels the work and waits until it has cleaned up after itself.

    >>> async def work(tell):
    ...     tell(0.5, "half")
    ...     return 42
    >>> run_apart(work, print)
    0.5 half
    42
    """
    told: SimpleQueue[tuple[float, str] | None] = SimpleQueue()
    outcome: Future[_T] = Future()
    running: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[_T]]] = Future()

    async def main() -> _T:
        task = asyncio.current_task()
        assert task is not None
        running.set_result((asyncio.get_running_loop(), task))
        return await work(lambda share, what: told.put((share, what)))

    def thread() -> None:
        try:
            # The loop that ZeroMQ's sockets work with on every platform.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                outcome.set_result(runner.run(main()))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            outcome.set_exception(error)
        finally:
            told.put(None)

    worker = threading.Thread(target=thread, name="mlops-replay")
    worker.start()
    try:
        _listen(told, progress)
    except BaseException:
        loop, task = running.result()
        if not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)
        raise
    finally:
        worker.join()
    return outcome.result()


def _listen(told: SimpleQueue[tuple[float, str] | None], progress: Progress | None) -> None:
    while True:
        try:
            news = told.get(timeout=LISTEN_SECONDS)
        except Empty:
            continue
        if news is None:
            return
        if progress:
            progress(*news)
