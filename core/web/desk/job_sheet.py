"""The sheet of paper that travels with the vehicle."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.hooks.manager import hooks
from core.i18n import current_language
from core.tenancy.addresses import desk_address
from core.web.qr import qr_code
from core.web.rendering import Page, page
from core.web.viewer import requires
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.vehicles import repository as vehicles


@get("/desk/jobs/{job_id:uuid}/sheet", guards=[requires("jobs.view")])
async def job_sheet(
    request: Request[Any, Any, Any],
    session: NamedDependency[AsyncSession],
    job_id: FromPath[UUID],
) -> Page:
    """The job on one A4: fields, tasks with room to tick, and a code that opens it on a phone."""
    job = await jobs.by_id(session, job_id)
    answers = await hooks().ask_async(
        "job_sheet_panels", session=session, job_id=job_id, language=current_language()
    )
    panels = sorted((each for answer in answers for each in answer), key=lambda each: each.position)
    return page(
        request,
        "core/jobs/sheet.html",
        job=job,
        customer=await customers.by_id(session, job.customer_id),
        vehicle=await vehicles.by_id(session, job.vehicle_id),
        tasks=await jobs.tasks_of(session, job_id),
        panels=panels,
        code=qr_code(desk_address(f"/desk/jobs/{job_id}")),
        printed_at=now(),
    )


HANDLERS = [job_sheet]
