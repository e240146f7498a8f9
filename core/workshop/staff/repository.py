"""Every query about staff."""

from datetime import datetime
from uuid import UUID

from asyncpg import Record
from sqlalchemy import and_, bindparam, delete, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.reading import GARAGE, Prepared, Reading
from core.workshop.staff.models import LoginSession, StaffLink, StaffMember

PAGE = 200


async def by_id(session: AsyncSession, staff_id: UUID) -> StaffMember | None:
    """The staff member with that id."""
    return await session.scalar(select(StaffMember).where(StaffMember.id == staff_id))


async def by_email(session: AsyncSession, email: str) -> StaffMember | None:
    """The staff member with that address, in any typing of its case."""
    return await session.scalar(
        select(StaffMember).where(StaffMember.email == email.strip().lower())
    )


_PASSWORD = Prepared(
    select(StaffMember.id, StaffMember.password_hash)
    .where(
        StaffMember.tenant_id == GARAGE,
        StaffMember.email == bindparam("email"),
        StaffMember.is_active,
    )
    .limit(literal_column("1"))
)


async def password_of(reading: Reading, email: str) -> Record | None:
    """`id` and `password_hash` of the active staff member with that address."""
    return await reading.row(_PASSWORD, email=email.strip().lower())


async def everyone(session: AsyncSession) -> list[StaffMember]:
    """All staff members, active ones first, by name."""
    found = await session.scalars(
        select(StaffMember).order_by(StaffMember.is_active.desc(), StaffMember.name).limit(PAGE)
    )
    return list(found)


async def lock_active_owners(session: AsyncSession) -> list[UUID]:
    """Those who can let others in, locked: two of them at once cannot lock each other out."""
    found = await session.scalars(
        select(StaffMember.id)
        .where(StaffMember.role == "owner", StaffMember.is_active)
        .order_by(StaffMember.id)
        .with_for_update()
    )
    return list(found)


async def open_link(
    session: AsyncSession, token_hash: str, purpose: str, now: datetime
) -> tuple[StaffLink, StaffMember] | None:
    """An unused, unexpired link and whose it is."""
    row = (
        await session.execute(
            select(StaffLink, StaffMember)
            .join(StaffMember, StaffMember.id == StaffLink.staff_id)
            .where(
                StaffLink.token_hash == token_hash,
                StaffLink.purpose == purpose,
                StaffLink.used_at.is_(None),
                StaffLink.expires_at > now,
            )
        )
    ).first()
    return None if row is None else (row[0], row[1])


async def open_session(
    session: AsyncSession, token_hash: str, now: datetime
) -> tuple[LoginSession, StaffMember | None] | None:
    """The login session with that hash, with its staff member unless it is support's."""
    row = (
        await session.execute(
            select(LoginSession, StaffMember)
            .outerjoin(StaffMember, StaffMember.id == LoginSession.staff_id)
            .where(LoginSession.token_hash == token_hash, LoginSession.expires_at > now)
        )
    ).first()
    return None if row is None else (row[0], row[1])


_LOGGED_IN = Prepared(
    select(
        LoginSession.support_name,
        LoginSession.support_reason,
        StaffMember.id.label("staff_id"),
        StaffMember.name,
        StaffMember.role,
        StaffMember.language,
        StaffMember.is_active,
    )
    .outerjoin(
        StaffMember,
        and_(
            StaffMember.tenant_id == LoginSession.tenant_id,
            StaffMember.id == LoginSession.staff_id,
        ),
    )
    .where(
        LoginSession.tenant_id == GARAGE,
        LoginSession.token_hash == bindparam("token_hash"),
        LoginSession.expires_at > bindparam("now"),
    )
    .limit(literal_column("1")),
    looks=True,
)


async def logged_in(reading: Reading, token_hash: str, now: datetime) -> Record | None:
    """Who the login session with that hash is: `support_name` and `support_reason` if it is
    support's, else `staff_id`, `name`, `role`, `language` and `is_active` of the staff member."""
    return await reading.row(_LOGGED_IN, token_hash=token_hash, now=now)


async def delete_session(session: AsyncSession, token_hash: str) -> None:
    """Log one browser out."""
    await session.execute(delete(LoginSession).where(LoginSession.token_hash == token_hash))


async def delete_sessions_of(session: AsyncSession, staff_id: UUID) -> None:
    """Log all browsers of a staff member out."""
    await session.execute(delete(LoginSession).where(LoginSession.staff_id == staff_id))


async def delete_expired_sessions(session: AsyncSession, now: datetime) -> None:
    """Forget sessions that ended by themselves."""
    await session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))


async def use_up_links_of(session: AsyncSession, staff_id: UUID, now: datetime) -> None:
    """Make every open link of a staff member useless."""
    await session.execute(
        update(StaffLink)
        .where(StaffLink.staff_id == staff_id, StaffLink.used_at.is_(None))
        .values(used_at=now)
    )
