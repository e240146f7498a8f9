"""Where a repair stands, in what the garage wrote for its customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.web.words import localised
from core.workshop.jobs.models import Job, JobTask
from core.workshop.jobs.stages import customer_stage

STAGE_OF_STATUS = {"ready": "ready", "delivered": "delivered", "invoiced": "delivered"}


@dataclass(frozen=True, slots=True)
class Step:
    """A stage that the customer may read about. `state` is `done`, `now` or `ahead`."""

    text: str
    state: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """What is going on now, what comes next, and all stages in order. Of a vehicle that can be
    fetched, all is said: its last stage tells of afterwards."""

    now: str | None
    following: str | None
    steps: tuple[Step, ...]
    is_over: bool


def is_over(job: Job) -> bool:
    """Whether nothing more will happen to the vehicle in this job."""
    return job.status in {"delivered", "invoiced", "cancelled"}


def progress_of(job: Job, tasks: Sequence[JobTask]) -> Progress:
    """Only stages with a customer-facing text appear; skipped ones do not."""
    told = [task for task in tasks if task.customer_texts and task.state != "skipped"]
    position = _position(job, told)
    is_finished = job.status in {"delivered", "invoiced"}
    steps = []
    for index, task in enumerate(told):
        state = "ahead"
        if index < position or is_finished:
            state = "done"
        elif index == position:
            state = "now"
        steps.append(
            Step(localised(task.customer_texts), state, task.finished_at or task.started_at)
        )
    is_last = position + 1 >= len(told) or is_over(job) or job.status == "ready"
    following = None if is_last else told[position + 1]
    return Progress(
        now=localised(told[position].customer_texts) if position >= 0 else None,
        following=localised(following.customer_texts) if following else None,
        steps=tuple(steps),
        is_over=is_over(job),
    )


def _position(job: Job, told: Sequence[JobTask]) -> int:
    """Where in `told` the job stands, -1 before its first stage.

    A job that was set to *ready* or *delivered* by hand stands there, however few of its tasks
    were clocked on to.
    """
    reached = customer_stage(told)
    by_hand = STAGE_OF_STATUS.get(job.status)
    return max(
        (index for index, task in enumerate(told) if task is reached or task.key == by_hand),
        default=-1,
    )
