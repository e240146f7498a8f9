"""A process of the worker: one loop, one set of doors."""

from contextlib import closing

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
    raise SoftTimeLimitExceeded


def test_doors_are_opened_at_the_first_task_and_kept() -> None:
    opening = Opening()
    with closing(WorkerProcess(opening)) as process:
        assert opening.times == 0
        assert [process.run(_nothing), process.run(_nothing)] == [7, 7]
    assert opening.times == 1


def test_after_a_task_that_was_cut_off_they_are_opened_afresh() -> None:
    opening = Opening()
    with closing(WorkerProcess(opening)) as process:
        with pytest.raises(SoftTimeLimitExceeded):
            process.run(_too_slow)
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
