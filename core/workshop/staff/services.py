"""Letting people in and out: invitations, logins, forgotten passwords."""

import asyncio
import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.db.reading import Reading
from core.errors import NotFound, Refused
from core.workshop.audit.services import Actor, record
from core.workshop.notifications.services import send_mail
from core.workshop.staff import repository
from core.workshop.staff.models import ROLES, LoginSession, StaffLink, StaffMember
from core.workshop.staff.passwords import MINIMUM_LENGTH, hash_password, password_fits

SESSION_LIFE = timedelta(days=14)
SUPPORT_SESSION_LIFE = timedelta(hours=1)
INVITATION_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=2)


def token_hash(token: str) -> str:
    """What is stored of a random token of ours (256 bits need no slow hash)."""
    return hashlib.sha256(token.encode()).hexdigest()


async def invite(
    session: AsyncSession, *, email: str, name: str, role: str, language: str, actor: Actor
) -> StaffMember:
    """Add a staff member and mail them a link to choose a password.

    Raises:
        Refused: the address is taken, or there is no such role.
    """
    if role not in ROLES:
        raise Refused("Please choose one of the roles in the list.", field="role")
    member = StaffMember(
        email=email.strip().lower(), name=name.strip(), role=role, language=language
    )
    try:
        async with session.begin_nested():
            session.add(member)
    except IntegrityError:
        raise Refused(
            "Somebody with this e-mail address already works here.", field="email"
        ) from None
    await _mail_link(session, member, "invitation", INVITATION_LIFE)
    record(session, actor, "staff.invited", f"staff:{member.id}", details={"role": role})
    return member


async def switch_member(
    session: AsyncSession, staff_id: UUID, *, is_active: bool, actor: Actor
) -> StaffMember:
    """Let somebody in no longer (all their browsers are logged out), or again.

    Raises:
        NotFound: not here.
        Refused: nobody would be left who can let others in.
    """
    owners = [] if is_active else await repository.lock_active_owners(session)
    member = await repository.by_id(session, staff_id)
    if member is None:
        raise NotFound("staff member")
    if member.is_active == is_active:
        return member
    if owners == [staff_id]:
        raise Refused("A garage needs at least one owner who can log in.")
    member.is_active = is_active
    if not is_active:
        await repository.delete_sessions_of(session, staff_id)
    record(session, actor, "staff.let_in" if is_active else "staff.locked_out", f"staff:{staff_id}")
    await session.flush()
    return member


async def log_in(
    session: AsyncSession, reading: Reading, email: str, password: str
) -> tuple[StaffMember, str]:
    """Open a session for the right pair; returns the member and the cookie's value.

    Looked up with `reading`, so that no connection waits while a password is hashed.

    Raises:
        Refused: unknown address, wrong password or switched-off member: one answer for all.
    """
    found = await repository.password_of(reading, email)
    stored: str | None = found["password_hash"] if found is not None else None
    fits = await asyncio.to_thread(password_fits, stored, password)
    member = await repository.by_id(session, found["id"]) if found is not None and fits else None
    if member is None or not member.is_active or member.password_hash != stored:
        raise Refused("This e-mail address and password do not belong together.")
    await repository.delete_expired_sessions(session, now())
    return member, open_session(session, staff_id=member.id)


def open_session(
    session: AsyncSession,
    *,
    staff_id: UUID | None = None,
    support: tuple[str, str] | None = None,
) -> str:
    """A new login session with a fresh random cookie value, which is returned.

    `support` is the name and the reason of support acting inside the garage.
    """
    token = secrets.token_urlsafe(32)
    life = SESSION_LIFE if support is None else SUPPORT_SESSION_LIFE
    session.add(
        LoginSession(
            token_hash=token_hash(token),
            staff_id=staff_id,
            support_name=support[0] if support else None,
            support_reason=support[1] if support else None,
            created_at=now(),
            expires_at=now() + life,
        )
    )
    return token


async def enter_as_support(session: AsyncSession, link: str) -> str:
    """Turn the one-time link that support's console opened into a session's cookie value.

    Raises:
        NotFound: it was used, has expired, or is no link of support.
    """
    found = await repository.open_session(session, token_hash(link), now())
    if found is None or found[1] is not None:
        raise NotFound("support link")
    token = secrets.token_urlsafe(32)
    found[0].token_hash = token_hash(token)
    return token


async def log_out(session: AsyncSession, token: str) -> None:
    """End the session behind a cookie; nothing happens if it ended before."""
    await repository.delete_session(session, token_hash(token))


async def ask_for_password_reset(session: AsyncSession, email: str) -> None:
    """Mail a link if the address is known; the caller answers the same either way."""
    member = await repository.by_email(session, email)
    if member is not None and member.is_active:
        await _mail_link(session, member, "password_reset", RESET_LIFE)


async def owner_of_link(session: AsyncSession, token: str, purpose: str) -> StaffMember:
    """Whose open link this is.

    Raises:
        NotFound: it was used, has expired or never was.
    """
    found = await repository.open_link(session, token_hash(token), purpose, now())
    if found is None:
        raise NotFound("link")
    return found[1]


async def choose_password(
    session: AsyncSession, token: str, purpose: str, password: str
) -> tuple[StaffMember, str]:
    """Set a password by a link, log all other browsers out and this one in.

    Returns the member and the new session's cookie value.

    Raises:
        NotFound: the link was used, has expired or never was.
        Refused: the password is too short.
    """
    member = await owner_of_link(session, token, purpose)
    if len(password) < MINIMUM_LENGTH:
        raise Refused(
            "Please choose a password of at least %(minimum)s characters.",
            field="password",
            minimum=MINIMUM_LENGTH,
        )
    member.password_hash = await asyncio.to_thread(hash_password, password)
    await repository.use_up_links_of(session, member.id, now())
    await repository.delete_sessions_of(session, member.id)
    record(
        session,
        Actor("staff", member.name, member.id),
        "staff.password_chosen",
        f"staff:{member.id}",
    )
    return member, open_session(session, staff_id=member.id)


async def _mail_link(
    session: AsyncSession, member: StaffMember, purpose: str, life: timedelta
) -> None:
    token = secrets.token_urlsafe(32)
    session.add(
        StaffLink(
            staff_id=member.id,
            purpose=purpose,
            token_hash=token_hash(token),
            expires_at=now() + life,
        )
    )
    await session.flush()
    await send_mail(
        session,
        f"core.staff_{purpose}",
        member.email,
        member.language,
        {"staff_id": str(member.id), "token": token},
        key=f"staff_{purpose}:{token_hash(token)}",
    )
