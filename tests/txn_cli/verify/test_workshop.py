"""Batches are worked on in their order, by whatever process; and no process outlives the workshop."""

import errno
import os
import signal
from collections.abc import AsyncIterator

import pytest

from txn_cli.verify import workshop as workshop_module
from txn_cli.verify.workshop import Workshop
from txn_core.exceptions import TxnError


def double(number: int) -> tuple[int, int]:
    """The work: twice the number, and who did it."""
    return 2 * number, os.getpid()


def end(number: int) -> tuple[int, int]:
    """A process that is killed at its work."""
    os.kill(os.getpid(), signal.SIGKILL)
    return number, 0


async def numbers(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield number


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_little_work_is_done_here() -> None:
    with Workshop(effort_alone=10) as workshop:
        done = [result async for result in workshop.each(double, numbers(5), effort=lambda _: 2)]
    assert done == [(2 * number, os.getpid()) for number in range(5)]


async def test_much_work_goes_on_elsewhere_in_the_same_order() -> None:
    with Workshop(effort_alone=3, processes_max=1) as workshop:
        done = [result async for result in workshop.each(double, numbers(50), effort=lambda _: 1)]
    assert [result for result, _ in done] == [2 * number for number in range(50)]
    here = [pid == os.getpid() for _, pid in done]
    assert here == [True] * 3 + [False] * 47
    (other,) = {pid for _, pid in done[3:]}
    assert is_gone(other)


async def test_a_process_that_is_killed_is_an_error_in_one_line() -> None:
    with (
        Workshop(effort_alone=0, processes_max=1) as workshop,
        pytest.raises(TxnError, match="worked beside this one was ended"),
    ):
        [result async for result in workshop.each(end, numbers(5), effort=lambda _: 1)]


async def test_where_there_can_be_no_other_process_all_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without /dev/shm has no semaphores to share."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(workshop_module, "ProcessPoolExecutor", refuse)
    with Workshop(effort_alone=1) as workshop:
        done = [result async for result in workshop.each(double, numbers(5), effort=lambda _: 1)]
    assert done == [(2 * number, os.getpid()) for number in range(5)]
