"""Mails and other effects of a garage that were given up: support has them tried again."""

from uuid import UUID

from core.db.session import Database
from core.errors import UnknownTenant
from core.tenancy.context import TenantContext, tenant_scope
from core.workshop.audit.services import Actor, record
from core.workshop.notifications import repository as outbox
from core.workshop.notifications.models import OutboxEntry
from core.workshop.notifications.services import try_again
from tenants.directory import DatabaseTenantDirectory
from tenants.models import SupportAuditEntry

TRIED_AGAIN = "outbox.tried_again"


async def given_up(
    database: Database, directory: DatabaseTenantDirectory, slug: str, after: UUID | None = None
) -> list[OutboxEntry]:
    """What was given up in a garage, the oldest first, from behind the entry named on; a page.

    Raises:
        UnknownTenant: no such garage is open.
    """
    tenant = await _garage(directory, slug)
    with tenant_scope(tenant):
        async with database.unit_of_work(tenant.id) as session:
            return await outbox.dead(session, after)


async def try_given_up_again(
    database: Database,
    directory: DatabaseTenantDirectory,
    slug: str,
    actor: Actor,
    *,
    reason: str,
    entry_id: UUID | None = None,
) -> int:
    """Have all that was given up in a garage, or one entry of it, tried again; how many entries
    that were. It stands in the garage's own log and in support's.

    Raises:
        UnknownTenant: no such garage is open.
    """
    tenant = await _garage(directory, slug)
    with tenant_scope(tenant):
        async with database.unit_of_work(tenant.id) as session:
            count = await try_again(session, entry_id)
            details = {"count": count}
            if count:
                record(session, actor, TRIED_AGAIN, "outbox", reason=reason, details=details)
    if count:
        async with database.platform_unit_of_work() as session:
            session.add(
                SupportAuditEntry(
                    tenant_id=tenant.id,
                    actor=actor.name,
                    action=TRIED_AGAIN,
                    reason=reason,
                    details=details,
                )
            )
    return count


async def _garage(directory: DatabaseTenantDirectory, slug: str) -> TenantContext:
    tenant = await directory.by_slug(slug)
    if tenant is None:
        raise UnknownTenant(slug)
    return tenant
