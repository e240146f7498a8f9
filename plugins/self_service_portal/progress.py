"""Where a repair stands, in what the garage wrote for its customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.web.words import localised
from core.workshop.jobs.models import Job, JobTask
from core.workshop.jobs.stages import customer_stage


@dataclass(frozen=True, slots=True)
class Step:
    """A stage that the customer may read about. `state` is `done`, `now` or `ahead`."""

    text: str
    state: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """What is going on now, what comes next, and all stages in order."""

    now: str | None
    following: str | None
    steps: tuple[Step, ...]
    is_over: bool


def progress_of(job: Job, tasks: Sequence[JobTask]) -> Progress:
    """Only stages with a customer-facing text appear; skipped ones do not."""
    told = [task for task in tasks if task.customer_texts and task.state != "skipped"]
    current = customer_stage(tasks)
    position = told.index(current) if current in told else -1
    steps = []
    for index, task in enumerate(told):
        state = "done" if index < position or job.status in {"delivered", "invoiced"} else "ahead"
        if index == position and job.status not in {"delivered", "invoiced"}:
            state = "now"
        steps.append(
            Step(localised(task.customer_texts), state, task.finished_at or task.started_at)
        )
    following = told[position + 1] if position + 1 < len(told) else None
    return Progress(
        now=localised(current.customer_texts) if current else None,
        following=localised(following.customer_texts) if following else None,
        steps=tuple(steps),
        is_over=job.status in {"delivered", "invoiced", "cancelled"},
    )
