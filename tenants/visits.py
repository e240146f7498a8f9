"""Support acting inside a garage: with a reason, for an hour, and seen by both sides."""

from dataclasses import dataclass

from core.db.session import Database
from core.errors import UnknownTenant
from core.tenancy.context import TenantContext, tenant_scope
from core.workshop.audit.services import Actor, record
from core.workshop.staff.services import open_session
from tenants.directory import DatabaseTenantDirectory
from tenants.models import SupportAuditEntry


@dataclass(frozen=True, slots=True)
class Visit:
    """A garage and the one-time token of the link that leads into it."""

    tenant: TenantContext
    token: str


async def enter_garage(
    database: Database,
    directory: DatabaseTenantDirectory,
    slug: str,
    actor: Actor,
    *,
    reason: str,
) -> Visit:
    """Open a support session in a garage.

    It is written down in the garage's own log together with the session, then in support's;
    the token is given out only after both.

    Raises:
        UnknownTenant: no such garage is open.
    """
    tenant = await directory.by_slug(slug)
    if tenant is None:
        raise UnknownTenant(slug)
    with tenant_scope(tenant):
        async with database.unit_of_work(tenant.id) as session:
            token = open_session(session, support=(actor.name, reason))
            record(session, actor, "support.entered", "garage", reason=reason)
    async with database.platform_unit_of_work() as session:
        session.add(
            SupportAuditEntry(
                tenant_id=tenant.id, actor=actor.name, action="support.entered", reason=reason
            )
        )
    return Visit(tenant, token)
