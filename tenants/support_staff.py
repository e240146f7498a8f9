"""The vendor's help desk: its members, and letting them in and out of the console."""

import asyncio
import hmac
import secrets
from datetime import timedelta

import pyotp
from sqlalchemy.exc import IntegrityError

from core.clock import now
from core.db.session import Database
from core.errors import Refused
from core.workshop.staff.passwords import MINIMUM_LENGTH, hash_password, password_fits
from core.workshop.staff.services import token_hash
from tenants import repository
from tenants.models import SupportAuditEntry, SupportMember, SupportSession

LEAD = "support-lead"
ROLES = ("support", LEAD)
SESSION_LIFE = timedelta(hours=8)
STEPS_AROUND = 1
"""Steps of half a minute by which a clock may be wrong (RFC 6238, 5.2)."""

_NOBODYS_SECRET = pyotp.random_base32()


async def create_support_member(
    database: Database,
    *,
    email: str,
    name: str,
    password: str,
    role: str = "support",
    totp_secret: str | None = None,
) -> tuple[SupportMember, str]:
    """Add somebody to the help desk; returns them and the secret for their authenticator.

    Raises:
        Refused: the address is taken, the password too short, the role or the secret unknown.
    """
    if role not in ROLES:
        raise Refused("Please choose one of the roles in the list.", field="role")
    if len(password) < MINIMUM_LENGTH:
        raise Refused(
            "Please choose a password of at least %(minimum)s characters.",
            field="password",
            minimum=MINIMUM_LENGTH,
        )
    secret = totp_secret or pyotp.random_base32()
    try:
        pyotp.TOTP(secret)
    except ValueError:
        raise Refused("The secret must be base32, with at least 23 characters.") from None
    member = SupportMember(
        email=email.strip().lower(),
        name=name.strip(),
        role=role,
        password_hash=await asyncio.to_thread(hash_password, password),
        totp_secret=secret,
    )
    try:
        async with database.platform_unit_of_work() as session:
            session.add(member)
            await session.flush()
            session.add(
                SupportAuditEntry(
                    actor=member.name, action="support.member_added", details={"role": role}
                )
            )
    except IntegrityError:
        raise Refused("Somebody with this e-mail address already exists.", field="email") from None
    return member, secret


def authenticator_link(member: SupportMember) -> str:
    """The `otpauth://` address that an authenticator reads from a QR code."""
    return pyotp.TOTP(member.totp_secret).provisioning_uri(
        name=member.email, issuer_name="Garagist"
    )


async def log_in(
    database: Database, *, email: str, password: str, code: str, replaces: str | None = None
) -> tuple[SupportMember, str]:
    """Open a session for the right three; returns the member and the cookie's value.

    The member's row is locked meanwhile, so that two logins cannot use one code. `replaces`
    is the cookie that the browser had before: its session ends.

    Raises:
        Refused: any of the three is wrong, or the code was used before: one answer for all.
    """
    async with database.platform_unit_of_work() as session:
        member = await repository.support_member(session, email)
        known = member is not None and member.is_active
        stored = member.password_hash if member is not None and known else None
        fits = await asyncio.to_thread(password_fits, stored, password)
        step = _step_of(member.totp_secret if member is not None else _NOBODYS_SECRET, code)
        if member is None or not fits or step is None or step <= member.totp_last_step:
            raise Refused(
                "E-mail address, password and code do not belong together, or the code was"
                " used before."
            )
        member.totp_last_step = step
        token = secrets.token_urlsafe(32)
        session.add(
            SupportSession(
                token_hash=token_hash(token),
                member_id=member.id,
                created_at=now(),
                expires_at=now() + SESSION_LIFE,
            )
        )
        session.add(SupportAuditEntry(actor=member.name, action="support.logged_in"))
        await repository.delete_expired_support_sessions(session, now())
        if replaces:
            await repository.delete_support_session(session, token_hash(replaces))
    return member, token


async def member_behind(database: Database, token: str) -> SupportMember | None:
    """Whose open session a cookie's value stands for."""
    async with database.platform_unit_of_work() as session:
        found = await repository.support_session(session, token_hash(token))
    if found is None or found[0].expires_at <= now() or not found[1].is_active:
        return None
    return found[1]


async def log_out(database: Database, token: str) -> None:
    """End the session behind a cookie; nothing happens if it ended before."""
    async with database.platform_unit_of_work() as session:
        await repository.delete_support_session(session, token_hash(token))


def _step_of(secret: str, code: str) -> int | None:
    """The step that a code was made for, among those around now."""
    typed = "".join(code.split()).encode()
    generator = pyotp.TOTP(secret)
    current = int(now().timestamp()) // generator.interval
    found = None
    for step in range(current - STEPS_AROUND, current + STEPS_AROUND + 1):
        if hmac.compare_digest(generator.generate_otp(step).encode(), typed):
            found = step
    return found
