"""Host names of a garage's own, beside its subdomain."""

import re

from sqlalchemy.exc import IntegrityError

from core.db.session import Database
from core.errors import Refused, UnknownTenant
from core.workshop.audit.services import Actor
from tenants import repository
from tenants.directory import DatabaseTenantDirectory
from tenants.models import SupportAuditEntry, TenantDomain

_HOST = re.compile(
    r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)


class NotAHostName(Refused):
    """It is no host name that a garage could have."""

    def __init__(self) -> None:
        super().__init__(
            "Please type a host name such as www.garage-peeters.be, without https:// and path.",
            field="host",
        )


def host_name(text: str) -> str:
    """A host name as browsers send it: lower case, other letters in their ASCII form (RFC 3490).

    Raises:
        NotAHostName: as it says.
    """
    try:
        host = text.strip().lower().removesuffix(".").encode("idna").decode("ascii")
    except UnicodeError:
        raise NotAHostName from None
    if not _HOST.fullmatch(host):
        raise NotAHostName
    return host


async def add_domain(
    database: Database,
    directory: DatabaseTenantDirectory,
    slug: str,
    host: str,
    actor: Actor,
    *,
    base_domain: str,
) -> str:
    """Let a garage answer under a host name of its own; returns the name as it is stored.

    That the name leads here, and has a certificate, is the work of who owns it and of the proxy.

    Raises:
        UnknownTenant: there is no open garage of that name.
        NotAHostName: as it says.
        Refused: the name is the platform's, or somebody's.
    """
    name = host_name(host)
    if name == base_domain or name.endswith(f".{base_domain}"):
        raise Refused(
            "Names under %(domain)s are subdomains, which every garage has already.",
            field="host",
            domain=base_domain,
        )
    try:
        async with database.platform_unit_of_work() as session:
            tenant = await repository.by_slug(session, slug)
            if tenant is None or tenant.closed_at is not None:
                raise UnknownTenant(slug)
            session.add(TenantDomain(tenant_id=tenant.id, host=name))
            await session.flush()
            session.add(
                SupportAuditEntry(
                    tenant_id=tenant.id,
                    actor=actor.name,
                    action="domain.added",
                    details={"host": name},
                )
            )
    except IntegrityError:
        raise Refused("This host name already leads to a garage.", field="host") from None
    await directory.forget()
    return name


async def choose_main_domain(
    database: Database,
    directory: DatabaseTenantDirectory,
    slug: str,
    host: str | None,
    actor: Actor,
) -> str | None:
    """Send a garage's customers to this host name, or to its subdomain; returns what was before.

    Mails, printed codes and search engines name it. The other names go on answering, so that
    what was sent and printed before still works.

    Raises:
        UnknownTenant: there is no open garage of that name.
        Refused: the host name does not lead to this garage.
    """
    async with database.platform_unit_of_work() as session:
        tenant = await repository.by_slug(session, slug, locked=True)
        if tenant is None or tenant.closed_at is not None:
            raise UnknownTenant(slug)
        before = await repository.main_domain(session, tenant.id)
        if before == host:
            return before
        if not await repository.make_main_domain(session, tenant.id, host):
            raise Refused("This host name does not lead to this garage.", field="host")
        session.add(
            SupportAuditEntry(
                tenant_id=tenant.id,
                actor=actor.name,
                action="domain.made_main",
                details={"host": host or "", "before": before or ""},
            )
        )
    await directory.forget()
    return before


async def remove_domain(
    database: Database, directory: DatabaseTenantDirectory, slug: str, host: str, actor: Actor
) -> None:
    """Let a garage answer under a host name no more. Removed twice, it is removed.

    Raises:
        UnknownTenant: there is no garage of that name.
    """
    async with database.platform_unit_of_work() as session:
        tenant = await repository.by_slug(session, slug)
        if tenant is None:
            raise UnknownTenant(slug)
        if await repository.remove_domain(session, tenant.id, host):
            session.add(
                SupportAuditEntry(
                    tenant_id=tenant.id,
                    actor=actor.name,
                    action="domain.removed",
                    details={"host": host},
                )
            )
    await directory.forget()
