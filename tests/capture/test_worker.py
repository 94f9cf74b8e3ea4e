"""Work behind the person's back is done in order, waited for, and never felt."""

import threading
import time

import pytest

from mlops_magics.capture.guard import Guard
from mlops_magics.capture.worker import Worker
from mlops_magics.store.location import StoreWarning


@pytest.fixture
def worker():
    worker = Worker(Guard())
    yield worker
    worker.close()


def test_everything_is_done_in_order_before_finish_returns(worker):
    done = []
    for number in range(50):
        worker.later(lambda number=number: (time.sleep(0.001), done.append(number)))
    assert worker.finish() == 0
    assert done == list(range(50))
    assert worker.pending == 0


def test_what_fails_is_said_and_the_next_is_done(worker):
    done = []

    def work():
        worker.later(lambda: 1 / 0, what="a table")
        worker.later(lambda: done.append(1))
        worker.finish()

    with pytest.warns(StoreWarning, match=r"not recorded: a table \(ZeroDivisionError"):
        work()
    assert done == [1]


def test_a_wait_tells_how_far_it_is(worker):
    told = []
    for _ in range(3):
        worker.later(lambda: time.sleep(0.25))
    worker.finish(lambda share, what: told.append((share, what)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] < 1


def test_an_interrupt_drops_what_has_not_begun(worker):
    begun, done = threading.Event(), []

    def first():
        begun.set()
        time.sleep(0.5)

    worker.later(first)
    worker.later(lambda: done.append(1))
    begun.wait(5)

    def interrupt(share, what):
        raise KeyboardInterrupt

    assert worker.finish(interrupt) == 1
    time.sleep(0.6)
    assert done == []
    worker.later(lambda: done.append(2))
    worker.finish()
    assert done == [2]
