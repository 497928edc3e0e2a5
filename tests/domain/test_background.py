"""A background worker calls its function at intervals, on demand, and again after errors."""

from threading import Event

from sqlalchemy.exc import OperationalError

from authserver.domain.background import Worker


def test_worker_works_again_after_an_error():
    calls, done = [], Event()

    def work():
        calls.append(len(calls))
        if len(calls) == 1:
            raise OperationalError("SELECT 1", {}, Exception("connection lost"))
        done.set()

    Worker("test", work, 0.01).start()
    assert done.wait(20)


def test_worker_can_be_woken():
    started, woken = Event(), Event()

    def work():
        (woken if started.is_set() else started).set()

    worker = Worker("test", work, 3600)
    worker.start()
    assert started.wait(20)
    worker.wake()
    assert woken.wait(20)


def test_first_pause_delays_the_first_call():
    worked = Event()
    worker = Worker("test", worked.set, 3600, first_pause=3600)
    worker.start()
    assert not worked.wait(0.2)
    worker.wake()
    assert worked.wait(20)


def test_worker_starts_only_one_thread():
    calls, started = [], Event()

    def work():
        calls.append(1)
        started.set()

    worker = Worker("test", work, 3600)
    for _ in range(5):
        worker.start()
    assert started.wait(20)
    assert len(calls) == 1
