"""Closing months: where the chain stood is signed, and leaves the database.

A month is closed once, some days after its end (how many is the country's). What is written
about it later is marked as late and stands in the month in which it is written. The signed
file is kept in the object storage and mailed to the owner and the accountant, who are beyond
the reach of whoever could change the database.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from itsdangerous import Signer
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.settings import get_settings
from core.storage import ObjectMissing, storage
from core.tenancy.context import current_tenant
from core.workshop.audit.services import SYSTEM
from core.workshop.locations import repository as locations
from core.workshop.notifications.services import enqueue, send_mail
from core.workshop.staff import repository as staff
from plugins.vehicle_presence.vat_book import closing_repository, due_repository, repository
from plugins.vehicle_presence.vat_book.chain import canonical, moment_text
from plugins.vehicle_presence.vat_book.countries import first_of_next_month, register_of
from plugins.vehicle_presence.vat_book.models import VatClosing
from plugins.vehicle_presence.vat_book.repository import OpenBook
from plugins.vehicle_presence.vat_book.writing import locked

KEEP = "vehicle_presence.keep_closing"
MAIL = "vehicle_presence.month_closed"
KIND = "garagist.vat_book.closing"
READERS = ("owner", "accountant")


async def close_months(
    session: AsyncSession, location_id: UUID, *, at_once: bool = False, is_mailed: bool = True
) -> list[VatClosing]:
    """Close every month of a register that is due; `at_once` does not wait for the days that
    the country leaves after a month's end. What is not mailed is still kept in the storage."""
    book = await locked(session, location_id, SYSTEM)
    today = now().astimezone(ZoneInfo(book.zone)).date()
    grace = timedelta(days=0 if at_once else register_of(book.country).closing_days)
    month = _first_open_month(book)
    closed = []
    while first_of_next_month(month) + grace <= today:
        closing = await _close(session, book, month)
        payload = {"closing_id": str(closing.id), "is_mailed": is_mailed}
        await enqueue(session, KEEP, payload, key=f"{KEEP}:{closing.id}")
        closed.append(closing)
        month = first_of_next_month(month)
    if closed:
        await repository.move_head(session, book)
    return closed


def _first_open_month(book: OpenBook) -> date:
    if book.closed_until is not None:
        return book.closed_until + timedelta(days=1)
    return book.opened_on.replace(day=1)


async def _close(session: AsyncSession, book: OpenBook, month: date) -> VatClosing:
    last_day = first_of_next_month(month) - timedelta(days=1)
    closing = VatClosing(
        location_id=book.location_id,
        month=month,
        closed_at=now(),
        position=book.position,
        number=book.number,
        head=book.head,
        document=signed(await _facts(session, book, month, last_day)),
    )
    session.add(closing)
    await session.flush()
    book.closed_until = last_day
    return closing


async def _facts(
    session: AsyncSession, book: OpenBook, month: date, last_day: date
) -> dict[str, Any]:
    tenant = current_tenant()
    location = await locations.by_id(session, book.location_id)
    before = await closing_repository.last_closing(session, book.location_id)
    waiting, _overdue, _next = await due_repository.count_dues(
        session, now().astimezone(ZoneInfo(book.zone)).date(), book.location_id
    )
    return {
        "kind": KIND,
        "garage": {"id": str(tenant.id), "name": tenant.name},
        "location": {
            "id": str(location.id),
            "name": location.name,
            "vat_number": location.vat_number,
        },
        "country": book.country,
        "month": f"{month:%Y-%m}",
        "closed_at": moment_text(now()),
        "position": book.position,
        "number": book.number,
        "head": book.head,
        "entered": await repository.count_entered(session, book.location_id, month, last_day),
        "waiting": waiting,
        "previous": None if before is None else sha256(before.document.encode()),
    }


def signed(facts: Mapping[str, Any]) -> str:
    """The facts in their canonical form, with a signature by the installation's key."""
    return canonical({**facts, "signature": _signature(facts)}).decode()


def read_signed(document: bytes) -> Mapping[str, Any] | None:
    """What a signed document says; None where it is none, or one that we have not signed."""
    try:
        facts = json.loads(document)
    except ValueError:
        return None
    if not isinstance(facts, dict) or facts.get("kind") != KIND:
        return None
    signature = facts.pop("signature", None)
    facts.pop("v", None)
    its_own = isinstance(signature, str) and _signer().verify_signature(
        canonical(facts), signature.encode("utf-8", "replace")
    )
    if not its_own or canonical({**facts, "signature": signature}) != document.strip():
        return None
    return facts


def sha256(body: bytes) -> str:
    """The hash of a file."""
    return hashlib.sha256(body).hexdigest()


def folder_of(location_id: UUID) -> str:
    """Where the signed files of a location are kept."""
    return f"vat-book/{location_id}"


def path_of(closing: VatClosing) -> str:
    """Where the signed file of a closed month is kept."""
    return f"{folder_of(closing.location_id)}/{closing.month:%Y-%m}.json"


async def keep_closing(session: AsyncSession, payload: Mapping[str, Any]) -> None:
    """The outbox's effect: put the signed file into the storage, and mail it to those who
    answer for it. Twice does what once does. A file that is there already stays: where a month
    seems to be closed once more, the first file is the proof against it."""
    closing = await closing_repository.closing_by_id(session, UUID(payload["closing_id"]))
    if closing is None:
        return
    try:
        await storage().get_bytes(current_tenant().id, path_of(closing))
    except ObjectMissing:
        await storage().put_bytes(current_tenant().id, path_of(closing), closing.document.encode())
    readers = await staff.everyone(session) if payload["is_mailed"] else []
    for member in readers:
        if member.role in READERS and member.is_active:
            await send_mail(
                session,
                MAIL,
                member.email,
                member.language,
                {"closing_id": str(closing.id)},
                key=f"{MAIL}:{closing.id}:{member.id}",
            )


def _signature(facts: Mapping[str, Any]) -> str:
    return _signer().get_signature(canonical(facts)).decode()


def _signer() -> Signer:
    """Signs with the key of today, and knows the signatures of former ones."""
    settings = get_settings()
    settings.require("secret_key")
    return Signer(
        settings.secret_keys,
        salt="garagist.vat-book.closing",
        key_derivation="hmac",
        digest_method=hashlib.sha256,
    )
