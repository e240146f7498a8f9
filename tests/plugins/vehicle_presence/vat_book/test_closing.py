"""Closing months: once, signed, out of the house."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen
from core.house import House
from core.storage import storage
from core.workshop.locations.services import create_location
from plugins.vehicle_presence.services import record_arrival
from plugins.vehicle_presence.vat_book import closing_repository, repository
from plugins.vehicle_presence.vat_book.closing import close_months, path_of, read_signed
from plugins.vehicle_presence.vat_book.models import VatClosing
from plugins.vehicle_presence.vat_book.tasks import tend
from tests.factories import a_job, a_plate
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.vehicle_presence.vat_book.reading import checked, lines, sound
from tests.rotation import another_key

BRUSSELS = ZoneInfo("Europe/Brussels")


async def a_book(garage: Garage, opened: datetime) -> "Book":
    """A register of a location of its own, opened then by its first arrival."""
    with frozen(opened):
        async with garage.unit() as session:
            place = await create_location(session, name="Hall")
            book = Book(garage, place.id)
            await book.arrival(session)
    return book


@dataclass
class Book:
    """A register to close months of."""

    garage: Garage
    location_id: UUID

    async def arrival(self, session: AsyncSession) -> None:
        """A vehicle comes now."""
        job = await a_job(session, plate=a_plate())
        job.location_id = self.location_id
        await session.flush()
        await record_arrival(session, job.id, STAFF)

    async def arrives(self, moment: datetime) -> None:
        """One more vehicle."""
        with frozen(moment):
            async with self.garage.unit() as session:
                await self.arrival(session)

    async def close(self, moment: datetime, *, at_once: bool = False) -> list[str]:
        """Close what is due at that moment; the months."""
        with frozen(moment):
            async with self.garage.unit() as session:
                closed = await close_months(session, self.location_id, at_once=at_once)
        return [f"{each.month:%Y-%m}" for each in closed]

    async def closings(self) -> list[VatClosing]:
        async with self.garage.unit() as session:
            return await closing_repository.closings(session, self.location_id)


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BRUSSELS)  # type: ignore[arg-type,misc]


async def test_a_month_is_closed_on_the_sixth_of_the_next_in_the_places_own_time(
    garage: Garage,
) -> None:
    book = await a_book(garage, local(2026, 10, 10, 9))
    assert await book.close(local(2026, 11, 5, 23, 59)) == []
    assert await book.close(local(2026, 11, 6, 0, 1)) == ["2026-10"]
    assert await book.close(local(2026, 11, 6, 0, 2)) == []


async def test_over_the_end_of_summer_time_a_night_is_in_its_own_month(garage: Garage) -> None:
    book = await a_book(garage, local(2026, 10, 1, 0, 30))
    await book.arrives(local(2026, 10, 31, 23, 59))
    await book.arrives(local(2026, 11, 1, 0, 1))
    days = [line.day for line in await lines(garage, book.location_id)]
    assert days == [date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 1)]
    assert datetime(2026, 10, 31, 23, 1, tzinfo=UTC) == local(2026, 11, 1, 0, 1)
    assert await book.close(local(2026, 11, 6, 0, 0)) == ["2026-10"]
    (closing,) = await book.closings()
    assert json.loads(closing.document)["entered"] == 2


async def test_months_that_were_missed_are_closed_one_by_one(garage: Garage) -> None:
    book = await a_book(garage, local(2026, 10, 10, 9))
    assert await book.close(local(2027, 1, 20, 5)) == ["2026-10", "2026-11", "2026-12"]
    await sound(garage)


async def test_by_hand_a_month_that_is_over_is_closed_without_waiting(garage: Garage) -> None:
    book = await a_book(garage, local(2026, 10, 10, 9))
    assert await book.close(local(2026, 10, 31, 23, 59), at_once=True) == []
    assert await book.close(local(2026, 11, 1, 0, 0), at_once=True) == ["2026-10"]


async def test_what_is_written_later_about_a_closed_month_is_late(garage: Garage) -> None:
    book = await a_book(garage, local(2026, 10, 10, 9))
    await book.close(local(2026, 11, 6, 5))
    async with garage.unit() as session:
        for moment in (local(2026, 10, 31, 23), local(2026, 11, 1, 1)):
            job = await a_job(session, plate=a_plate())
            job.location_id = book.location_id
            await session.flush()
            await record_arrival(session, job.id, STAFF, at=moment)
    assert [line.is_late for line in await lines(garage, book.location_id)] == [
        False,
        True,
        False,
    ]


async def test_the_signed_file_is_kept_and_mailed_to_owner_and_accountant(
    garage: Garage, outbox: Outbox
) -> None:
    for role in ("owner", "accountant", "planner"):
        await garage.add_staff(role, f"{role}@{garage.slug}.test")
    book = await a_book(garage, local(2026, 9, 10, 9))
    assert await book.close(local(2026, 11, 6, 9)) == ["2026-09", "2026-10"]
    await outbox.empty(garage)
    documents = {}
    for closing in await book.closings():
        kept = await storage().get_bytes(garage.tenant.id, path_of(closing))
        assert kept == closing.document.encode()
        documents[f"vat-book-{closing.month:%Y-%m}.json"] = kept
    for role in ("owner", "accountant"):
        mails = outbox.mails_to(f"{role}@{garage.slug}.test")
        attached = [file for mail in mails for file in mail.attachments]
        assert len(attached) == len(documents)
        assert dict(attached) == documents
    assert outbox.mails_to(f"planner@{garage.slug}.test") == []


async def test_a_document_says_where_the_chain_stood_and_follows_the_one_before(
    garage: Garage,
) -> None:
    book = await a_book(garage, local(2026, 10, 10, 9))
    await book.close(local(2026, 12, 6, 5))
    first, second = await book.closings()
    facts = read_signed(second.document.encode())
    assert facts is not None
    assert (facts["position"], facts["number"], facts["head"]) == (1, 1, first.head)
    assert json.loads(first.document)["previous"] is None
    assert len(facts["previous"]) == 64


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"kind": "garagist.vat_book.closing"}',
        b'{"kind": "garagist.vat_book.closing", "signature": "x"}',
        b'{"kind": "garagist.vat_book.closing", "signature": "\\ud800"}',
    ],
)
async def test_what_we_did_not_sign_is_not_ours(garage: Garage, document: bytes) -> None:
    assert read_signed(document) is None


async def test_after_a_change_of_the_key_closed_months_are_checked_with_the_former_one(
    house: House, garage: Garage, outbox: Outbox
) -> None:
    book = await a_book(garage, local(2026, 10, 10, 9))
    await book.close(local(2026, 11, 6, 5))
    await outbox.empty(garage)
    with another_key(house):
        assert (await checked(garage, book.location_id)).is_sound
        await book.close(local(2026, 12, 6, 5))
        await outbox.empty(garage)
        assert (await checked(garage, book.location_id)).is_sound
    _first, second = await book.closings()
    assert read_signed(second.document.encode()) is None, "the new key signs"
    with another_key(house, is_old_one_known=False):
        assert (await checked(garage, book.location_id)).anchor_problems[0] == (
            "2026-10: the closing itself was changed"
        )


async def test_the_night_opens_checks_and_closes(garage: Garage, outbox: Outbox) -> None:
    async with garage.unit() as session:
        place = await create_location(session, name="New hall")
    with frozen(local(2026, 10, 10, 4)):
        async with garage.unit() as session:
            await tend(session)
    with frozen(local(2026, 12, 7, 4)):
        async with garage.unit() as session:
            await tend(session)
        await outbox.empty(garage)
    async with garage.unit() as session:
        book = await repository.book_of(session, place.id)
        closings = await closing_repository.closings(session, place.id)
    assert book is not None
    assert (book.checked_position, book.broken_at) == (0, None)
    assert [f"{each.month:%Y-%m}" for each in closings] == ["2026-10", "2026-11"]
    assert book.closed_until == date(2026, 11, 30)
