"""A process of the worker: one loop, one set of doors."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from structlog.contextvars import bound_contextvars, get_contextvars

from core.background.process import Doors, WorkerProcess


class Opening:
    """Counts how often doors are opened."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Doors:
        self.times += 1
        return Doors(None, None, None)  # type: ignore[arg-type] # nobody passes through


async def _nothing(_doors: Doors) -> int:
    return 7


async def _too_slow(_doors: Doors) -> None:
    """Its soft limit comes, and it takes every exception for somebody else's fault."""
    with suppress(Exception):
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(60)
    await asyncio.sleep(60)


async def _waits_for_nothing(_doors: Doors) -> None:
    """Its soft limit comes while the loop itself waits."""
    us = threading.get_ident()
    threading.Timer(0.1, signal.pthread_kill, (us, signal.SIGUSR1)).start()
    await asyncio.sleep(60)


def test_doors_are_opened_at_the_first_task_and_kept() -> None:
    opening = Opening()
    with closing(WorkerProcess(opening)) as process:
        assert opening.times == 0
        assert [process.run(_nothing), process.run(_nothing)] == [7, 7]
    assert opening.times == 1


@pytest.mark.parametrize("work", [_too_slow, _waits_for_nothing])
def test_after_a_task_that_was_cut_off_they_are_opened_afresh(
    work: Callable[[Doors], Awaitable[None]],
) -> None:
    opening = Opening()
    with closing(WorkerProcess(opening)) as process:
        with pytest.raises(SoftTimeLimitExceeded):
            process.run(work)
        assert process.run(_nothing) == 7
    assert opening.times == 2


def test_after_a_task_that_failed_they_are_kept() -> None:
    async def fails(_doors: Doors) -> None:
        raise ValueError("out of order")

    opening = Opening()
    with closing(WorkerProcess(opening)) as process:
        with pytest.raises(ValueError, match="out of order"):
            process.run(fails)
        process.run(_nothing)
    assert opening.times == 1


def test_what_is_bound_to_log_lines_outside_is_bound_inside() -> None:
    async def bound(_doors: Doors) -> object:
        return get_contextvars().get("request")

    with closing(WorkerProcess(Opening())) as process:
        found = []
        for number in ("one", "two"):
            with bound_contextvars(request=number):
                found.append(process.run(bound))
    assert found == ["one", "two"]
