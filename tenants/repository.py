"""Every query about garages, in sessions of the platform role."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.models import (
    PluginActivation,
    SupportAuditEntry,
    SupportMember,
    SupportSession,
    Tenant,
    TenantDomain,
)

PAGE = 50
MANY = 100_000


async def by_id(session: AsyncSession, tenant_id: UUID) -> Tenant | None:
    """The garage with that id, closed or not."""
    return await session.scalar(select(Tenant).where(Tenant.id == tenant_id))


async def by_slug(session: AsyncSession, slug: str, *, locked: bool = False) -> Tenant | None:
    """The garage with that subdomain, closed or not."""
    statement = select(Tenant).where(Tenant.slug == slug)
    return await session.scalar(statement.with_for_update() if locked else statement)


async def by_domain(session: AsyncSession, host: str) -> Tenant | None:
    """The garage with that host name of its own."""
    return await session.scalar(
        select(Tenant)
        .join(TenantDomain, TenantDomain.tenant_id == Tenant.id)
        .where(TenantDomain.host == host)
    )


async def domains_of(session: AsyncSession, tenant_id: UUID) -> list[str]:
    """The host names of a garage's own, by name."""
    found = await session.scalars(
        select(TenantDomain.host)
        .where(TenantDomain.tenant_id == tenant_id)
        .order_by(TenantDomain.host)
        .limit(MANY)
    )
    return list(found)


async def main_domain(session: AsyncSession, tenant_id: UUID) -> str | None:
    """The host name that a garage's customers are sent to; None for its subdomain."""
    return await session.scalar(
        select(TenantDomain.host).where(TenantDomain.tenant_id == tenant_id, TenantDomain.is_main)
    )


async def make_main_domain(session: AsyncSession, tenant_id: UUID, host: str | None) -> bool:
    """Make one host name of this garage the main one, or none; whether it has such a name."""
    await session.execute(
        update(TenantDomain)
        .where(TenantDomain.tenant_id == tenant_id, TenantDomain.is_main)
        .values(is_main=False)
    )
    if host is None:
        return True
    found = await session.execute(
        update(TenantDomain)
        .where(TenantDomain.tenant_id == tenant_id, TenantDomain.host == host)
        .values(is_main=True)
        .returning(TenantDomain.id)
    )
    return found.first() is not None


async def remove_domain(session: AsyncSession, tenant_id: UUID, host: str) -> bool:
    """Delete a host name of this garage; whether there was one."""
    gone = await session.execute(
        delete(TenantDomain)
        .where(TenantDomain.tenant_id == tenant_id, TenantDomain.host == host)
        .returning(TenantDomain.id)
    )
    return gone.first() is not None


async def page(
    session: AsyncSession, *, after: str | None = None, search: str = ""
) -> list[Tenant]:
    """Garages by subdomain, after the one named; one more than :data:`PAGE` if there is more."""
    statement = select(Tenant).order_by(Tenant.slug).limit(PAGE + 1)
    if after:
        statement = statement.where(Tenant.slug > after)
    if search:
        statement = statement.where(
            or_(
                Tenant.slug.contains(search.lower(), autoescape=True),
                Tenant.name.icontains(search, autoescape=True),
            )
        )
    return list(await session.scalars(statement))


async def open_slugs(session: AsyncSession, tenant_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The subdomains of those of these garages that are not closed."""
    found = await session.execute(
        select(Tenant.id, Tenant.slug)
        .where(Tenant.id.in_(list(tenant_ids)), Tenant.closed_at.is_(None))
        .limit(MANY)
    )
    return {row.id: row.slug for row in found}


async def note_activity(session: AsyncSession, tenant_id: UUID, moment: datetime) -> None:
    """Say when somebody of a garage was last at work."""
    await session.execute(
        update(Tenant).where(Tenant.id == tenant_id).values(last_activity_at=moment)
    )


async def open_ids(session: AsyncSession) -> list[UUID]:
    """Ids of all garages that are not closed."""
    found = await session.scalars(
        select(Tenant.id).where(Tenant.closed_at.is_(None)).order_by(Tenant.id).limit(MANY)
    )
    return list(found)


async def activations(session: AsyncSession, tenant_ids: Sequence[UUID]) -> list[PluginActivation]:
    """What support decided about plugins for these garages."""
    found = await session.scalars(
        select(PluginActivation)
        .where(PluginActivation.tenant_id.in_(tenant_ids))
        .order_by(PluginActivation.plugin)
        .limit(MANY)
    )
    return list(found)


async def activation(
    session: AsyncSession, tenant_id: UUID, plugin: str
) -> PluginActivation | None:
    """The row about one plugin in one garage, locked until the end of this unit of work."""
    return await session.scalar(
        select(PluginActivation)
        .where(PluginActivation.tenant_id == tenant_id, PluginActivation.plugin == plugin)
        .with_for_update()
    )


async def active_plugins_locked(session: AsyncSession, tenant_id: UUID) -> set[str]:
    """The plugins that are on in a garage, which nobody else switches until the end of this
    unit of work."""
    await session.execute(
        select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True)
    )
    return {row.plugin for row in await activations(session, [tenant_id]) if row.is_on}


async def store_activation(
    session: AsyncSession, tenant_id: UUID, plugin: str, *, is_on: bool
) -> None:
    """Note that a plugin is on or off. Two at once do not collide: the later one stays."""
    await session.execute(
        insert(PluginActivation)
        .values(tenant_id=tenant_id, plugin=plugin, is_on=is_on)
        .on_conflict_do_update(
            index_elements=["tenant_id", "plugin"],
            set_={"is_on": is_on, "updated_at": func.now()},
        )
    )


async def delete_garage(session: AsyncSession, tenant_id: UUID) -> None:
    """Forget a garage that never opened, so that its name is free again."""
    await session.execute(delete(Tenant).where(Tenant.id == tenant_id))


async def audit_page(
    session: AsyncSession, *, tenant_id: UUID | None = None, before: UUID | None = None
) -> list[tuple[SupportAuditEntry, str | None]]:
    """What support did, newest first, with the garage's name."""
    statement = (
        select(SupportAuditEntry, Tenant.slug)
        .outerjoin(Tenant, Tenant.id == SupportAuditEntry.tenant_id)
        .order_by(SupportAuditEntry.id.desc())
        .limit(PAGE + 1)
    )
    if tenant_id is not None:
        statement = statement.where(SupportAuditEntry.tenant_id == tenant_id)
    if before is not None:
        statement = statement.where(SupportAuditEntry.id < before)
    return [(entry, slug) for entry, slug in await session.execute(statement)]


async def support_member(session: AsyncSession, email: str) -> SupportMember | None:
    """The support member with that address, locked: two logins cannot use one code."""
    return await session.scalar(
        select(SupportMember).where(SupportMember.email == email.strip().lower()).with_for_update()
    )


async def support_session(
    session: AsyncSession, token_hash: str
) -> tuple[SupportSession, SupportMember] | None:
    """A login session at the console, with whose it is."""
    row = (
        await session.execute(
            select(SupportSession, SupportMember)
            .join(SupportMember, SupportMember.id == SupportSession.member_id)
            .where(SupportSession.token_hash == token_hash)
        )
    ).first()
    return None if row is None else (row[0], row[1])


async def delete_support_session(session: AsyncSession, token_hash: str) -> None:
    """Log one browser out of the console."""
    await session.execute(delete(SupportSession).where(SupportSession.token_hash == token_hash))


async def delete_expired_support_sessions(session: AsyncSession, now: datetime) -> None:
    """Forget sessions that ended by themselves."""
    await session.execute(delete(SupportSession).where(SupportSession.expires_at <= now))
