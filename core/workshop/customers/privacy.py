"""What the law lets a customer ask for: a copy of what is kept about them, and its erasure.

What the garage must keep stays as it is: the audit log, its registers, and the jobs with the
plates that stand in them. Plugins that support switched off keep their data, so they are asked
as well: the duty is about the data and not about the switch (GDPR, articles 15, 17 and 20).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import GaveWay, PluginError, Refused
from core.hooks.manager import hooks
from core.tenancy.context import current_tenant
from core.workshop.audit.services import Actor, record
from core.workshop.customers import repository
from core.workshop.jobs import repository as jobs

ERASED_NAME = "–"
PERSONAL = ("name", "email", "phone", "street", "postal_code", "city", "vat_number", "language")


class OpenJobs(Refused):
    """There is work under way: the garage still has to reach the customer."""

    def __init__(self, numbers: str) -> None:
        super().__init__(
            "There is open work: job %(numbers)s. Deliver or cancel it first.",
            numbers=numbers,
        )


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A customer's copy, as plain values. `failed` names plugins whose part could not be had:
    then the copy is incomplete, and must not be handed over as the whole."""

    customer: Mapping[str, Any]
    jobs: list[dict[str, Any]]
    plugins: Mapping[str, Mapping[str, Any]]
    failed: tuple[str, ...]


async def export_customer(session: AsyncSession, customer_id: UUID, actor: Actor) -> PersonalData:
    """Gather what core and the plugins keep about a customer.

    Raises:
        NotFound: not here.
    """
    customer = await repository.by_id(session, customer_id)
    answers, failed = {}, []
    for name in _asked("personal_data_export"):
        try:
            async with session.begin_nested():
                answers[name] = await hooks().ask_plugin(
                    name, "personal_data_export", session=session, customer_id=customer_id
                )
        except Exception as error:  # noqa: BLE001 - any way of failing is a fault of the plugin
            hooks().note_fault(name, "personal_data_export", error)
            failed.append(name)
        else:
            hooks().note_success(name, "personal_data_export")
    record(session, actor, "customer.exported", f"customer:{customer_id}")
    return PersonalData(
        customer={name: getattr(customer, name) for name in PERSONAL},
        jobs=[
            {
                "number": job.sequence_number,
                "opened": job.created_at.isoformat(),
                "plate": job.plate,
                "damage": job.damage,
                "comments": job.comments,
            }
            for job in await jobs.of_customer(session, customer_id)
        ],
        plugins=answers,
        failed=tuple(failed),
    )


async def erase_customer(
    session: AsyncSession, customer_id: UUID, actor: Actor, *, reason: str
) -> None:
    """Erase how a customer can be reached and who they are, here and in the plugins.

    All or nothing: where one plugin fails, this unit of work must not be stored.

    Raises:
        NotFound: not here.
        OpenJobs: as it says.
        PluginError: the named plugin could not erase its part.
    """
    customer = await repository.by_id(session, customer_id)
    under_way = [
        f"#{job.sequence_number}"
        for job in await jobs.of_customer(session, customer_id)
        if job.status in jobs.OPEN_STATUSES
    ]
    if under_way:
        raise OpenJobs(", ".join(under_way))
    for name in _asked("personal_data_erase"):
        try:
            await hooks().ask_plugin(
                name, "personal_data_erase", session=session, customer_id=customer_id
            )
        except (Refused, GaveWay):
            raise
        except Exception as error:
            raise PluginError(f"{name} could not erase its part: {error!r}") from error
    customer.name = ERASED_NAME
    customer.email = customer.phone = customer.vat_number = None
    customer.street = customer.postal_code = customer.city = None
    record(session, actor, "customer.erased", f"customer:{customer_id}", reason=reason)
    await session.flush()


def _asked(hook_name: str) -> list[str]:
    tenant = current_tenant()
    return [name for name in hooks().implementers(hook_name) if tenant.may_hold_data_of(name)]
