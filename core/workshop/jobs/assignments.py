"""Who does which task of a job."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound, Refused
from core.workshop.audit.services import Actor
from core.workshop.jobs import repository
from core.workshop.jobs.history import note_event
from core.workshop.jobs.models import JobTask
from core.workshop.staff import repository as staff


class NotTheirsToAssign(Refused):
    """Who may only take and give back was to change what is somebody else's."""

    status_code = 403

    def __init__(self) -> None:
        super().__init__(
            "You can take a task that is nobody's, and give back your own. Whoever may edit jobs"
            " assigns the others."
        )


async def locked_task(session: AsyncSession, job_id: UUID, task_id: UUID) -> JobTask:
    """A task of a job, which is locked.

    Raises:
        NotFound: there is no such task in this job.
    """
    await repository.locked(session, job_id)
    tasks = await repository.tasks_of(session, job_id)
    task = next((each for each in tasks if each.id == task_id), None)
    if task is None:
        raise NotFound("task")
    return task


async def assign_task(
    session: AsyncSession,
    job_id: UUID,
    task_id: UUID,
    staff_id: UUID | None,
    actor: Actor,
    *,
    only_own: bool = False,
) -> JobTask:
    """Say who does a task; with None nobody in particular does. With `only_own` the actor may take
    a task that is nobody's and give back their own, and nothing else.

    Raises:
        NotFound: there is no such task in this job, or nobody of that id works here (any more).
        NotTheirsToAssign: as it says.
    """
    task = await locked_task(session, job_id, task_id)
    if task.assignee_id == staff_id:
        return task
    member = None if staff_id is None else await staff.by_id(session, staff_id)
    if staff_id is not None and (member is None or not member.is_active):
        raise NotFound("staff member")
    if only_own and {task.assignee_id, staff_id} != {None, actor.id}:
        raise NotTheirsToAssign
    task.assignee_id = staff_id
    details = {"task": task.key, "to": member.name if member else None}
    note_event(session, job_id, "task_assigned", actor, details=details)
    await session.flush()
    return task
