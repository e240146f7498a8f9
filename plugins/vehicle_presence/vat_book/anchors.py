"""What left the database about a register, held against it: closed months, their files in the
storage, and files that somebody kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.storage import ObjectMissing, storage
from core.tenancy.context import current_tenant
from core.workshop.notifications import repository as outbox
from plugins.vehicle_presence.vat_book import closing_repository, repository
from plugins.vehicle_presence.vat_book.closing import (
    KEEP,
    folder_of,
    path_of,
    read_signed,
    sha256,
)
from plugins.vehicle_presence.vat_book.countries import first_of_next_month
from plugins.vehicle_presence.vat_book.models import VatBook, VatClosing


@dataclass(frozen=True, slots=True)
class Kept:
    """A signed closing that was kept outside: what the file is called, holds and says."""

    name: str
    body: bytes
    facts: Mapping[str, Any]

    @property
    def location_id(self) -> UUID:
        """The location whose book it is about."""
        return UUID(self.facts["location"]["id"])

    @property
    def position(self) -> int:
        """How long the chain was."""
        return int(self.facts["position"])


def kept_file(name: str, body: bytes) -> Kept | None:
    """A file that somebody kept; None where it is no closing that we signed."""
    facts = read_signed(body)
    return None if facts is None else Kept(name, body.strip(), facts)


@dataclass(frozen=True, slots=True)
class Closed:
    """What is known of a register's closed months. Files and the book's own word are from before
    the closings were read and `until` from after, so that a month that is closed meanwhile is
    no fault."""

    months: tuple[date, ...]
    """Months that the book said were closed."""
    files: frozenset[str]
    closings: tuple[VatClosing, ...]
    until: date | None


async def closed_months(session: AsyncSession, book: VatBook) -> Closed:
    """Everything that can be known of them without the chain."""
    months = tuple(_months(book.opened_on, book.closed_until))
    files = frozenset(await _files(book.location_id))
    closings = tuple(await closing_repository.closings(session, book.location_id))
    fresh = await repository.book_of(session, book.location_id)
    return Closed(months, files, closings, fresh.closed_until if fresh else None)


async def anchor_problems(
    session: AsyncSession,
    location_id: UUID,
    closed: Closed,
    hashes: Mapping[int, str],
    kept: Sequence[Kept],
) -> list[str]:
    """What is wrong with closed months, each problem behind its month: `2026-10: …`. `hashes`
    are those of the chain by position, as it stands."""
    found = [(month, "its closing was removed") for month in _removed(closed)]
    found += [
        (_month_text(closing.month), "the book does not say that it is closed")
        for closing in closed.closings
        if closed.until is None or closing.month > closed.until
    ]
    found += [
        (path.rsplit("/", 1)[1].removesuffix(".json"), "the storage has its file, the book not")
        for path in closed.files - {path_of(closing) for closing in closed.closings}
    ]
    before: str | None = None
    for closing in closed.closings:
        problem = await _problem(session, closing, hashes.get(closing.position), before)
        if problem is not None:
            found.append((_month_text(closing.month), problem))
        before = sha256(closing.document.encode())
    found += list(_kept_problems(location_id, closed, hashes, kept))
    return [f"{month}: {problem}" for month, problem in sorted(found, key=lambda each: each[0])]


def _removed(closed: Closed) -> list[str]:
    known = {closing.month for closing in closed.closings}
    return [_month_text(month) for month in closed.months if month not in known]


def _kept_problems(
    location_id: UUID, closed: Closed, hashes: Mapping[int, str], kept: Sequence[Kept]
) -> Iterator[tuple[str, str]]:
    documents = {_month_text(each.month): each.document.encode() for each in closed.closings}
    for each in kept:
        if each.location_id != location_id:
            continue
        month = str(each.facts["month"])
        if hashes.get(each.position) != each.facts["head"]:
            yield month, f"line {each.position} is not the one that {each.name} was signed over"
        if documents.get(month) != each.body:
            yield month, f"its closing is not {each.name}"


async def _problem(
    session: AsyncSession, closing: VatClosing, found: str | None, before: str | None
) -> str | None:
    facts = read_signed(closing.document.encode())
    if facts is None:
        return "the closing itself was changed"
    if not _is_about(facts, closing):
        return "the closing's signed file says something else than its row"
    if found != closing.head:
        return f"line {closing.position} is not the one that was closed with"
    if facts["previous"] != before:
        return "it does not follow the closing before it"
    return await _file_problem(session, closing)


def _is_about(facts: Mapping[str, Any], closing: VatClosing) -> bool:
    return (
        facts["garage"]["id"],
        facts["location"]["id"],
        facts["month"],
        facts["position"],
        facts["number"],
        facts["head"],
    ) == (
        str(current_tenant().id),
        str(closing.location_id),
        _month_text(closing.month),
        closing.position,
        closing.number,
        closing.head,
    )


async def _file_problem(session: AsyncSession, closing: VatClosing) -> str | None:
    try:
        body = await storage().get_bytes(current_tenant().id, path_of(closing))
    except ObjectMissing:
        on_its_way = await outbox.by_key(session, f"{KEEP}:{closing.id}")
        if on_its_way is not None and on_its_way.done_at is None:
            return None
        return "the signed file is missing in the storage"
    return None if body == closing.document.encode() else "the signed file in the storage differs"


async def _files(location_id: UUID) -> list[str]:
    found: list[str] = []
    always = datetime.max.replace(tzinfo=UTC)
    async for batch in storage().older_than(
        current_tenant().id, folder_of(location_id), always, most=repository.MANY
    ):
        found += batch
    return found


def _months(opened_on: date, until: date | None) -> Iterator[date]:
    month = opened_on.replace(day=1)
    while until is not None and month <= until:
        yield month
        month = first_of_next_month(month)


def _month_text(month: date) -> str:
    return f"{month:%Y-%m}"
