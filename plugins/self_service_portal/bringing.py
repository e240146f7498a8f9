"""Whether there is a vehicle to bring."""

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.hooks.manager import hooks
from core.workshop.jobs.models import Job
from plugins.self_service_portal.progress import is_over


class NothingToBring(Refused):
    """What holds instead of bringing the vehicle."""


class RepairIsOver(NothingToBring):
    """The vehicle was collected, or the job was cancelled."""

    def __init__(self) -> None:
        super().__init__("This repair is finished. Please contact us if something is not right.")


class VehicleIsReady(NothingToBring):
    """It is to be fetched."""

    def __init__(self) -> None:
        super().__init__("Your vehicle is ready: you can fetch it, and need not bring it.")


class VehicleIsHere(NothingToBring):
    """It is in the workshop."""

    def __init__(self) -> None:
        super().__init__("Your vehicle is with us: you need not bring it.")


async def check_can_be_brought(session: AsyncSession, job: Job) -> None:
    """Go on only where there is a vehicle to bring. One that is being worked on is here, unless
    it is known to have left in between.

    Raises:
        NothingToBring: there is none.
    """
    if is_over(job):
        raise RepairIsOver
    if job.status == "ready":
        raise VehicleIsReady
    known: list[bool] = await hooks().ask_async("vehicle_is_here", session=session, job_id=job.id)
    if any(known) if known else job.status == "in_progress":
        raise VehicleIsHere


async def obstacle(session: AsyncSession, job: Job) -> NothingToBring | None:
    """What is known without asking anybody, before times are shown: of a job that is not begun,
    only who chooses a time is told that the vehicle is here."""
    if job.status in {"new", "planned"}:
        return None
    try:
        await check_can_be_brought(session, job)
    except NothingToBring as refusal:
        return refusal
    return None
