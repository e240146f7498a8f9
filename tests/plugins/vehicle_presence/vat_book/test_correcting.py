"""Invoices and corrections in the VAT book."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from core.clock import frozen, now
from core.errors import NotFound, Refused
from core.hooks.contributions import VehicleTimes, VehicleTimesChanged
from core.workshop.audit.services import Actor
from core.workshop.customers.privacy import erase_customer
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import set_status
from plugins.vehicle_presence import absence_repository
from plugins.vehicle_presence import repository as presence
from plugins.vehicle_presence.absences import come_back, leave_for_a_while
from plugins.vehicle_presence.services import mark_off_site, record_arrival, undo_arrival
from plugins.vehicle_presence.vat_book.countries import BELGIUM, NETHERLANDS, PLAIN, register_of
from plugins.vehicle_presence.vat_book.errors import (
    AlreadySettled,
    AwayThen,
    EntryAfterExit,
    LeftBetween,
    NothingToCorrect,
    OtherVisitThen,
    ReasonMissing,
    RowCancelled,
    RowChangedMeanwhile,
    TooLateToTakeBack,
    VehicleMissing,
    WordsMissing,
)
from plugins.vehicle_presence.vat_book.settling import (
    Correction,
    Settlement,
    correct,
    row_of,
    settle,
    take_back_settlement,
)
from tests.factories import a_job
from tests.garages import STAFF, Garage
from tests.hooks.listening import heard
from tests.plugins.vehicle_presence.vat_book.reading import (
    a_departure,
    dues,
    lines,
    register,
    sound,
)

TODAY = date(2026, 11, 25)


async def test_an_invoice_reference_settles_the_row(garage: Garage) -> None:
    row_id = await a_departure(garage)
    async with garage.unit() as session:
        await settle(session, row_id, Settlement(" 2026/118 "), STAFF)
    (row,) = await register(garage)
    assert row.invoice is not None
    assert (row.invoice.kind, row.invoice.words, row.waits) == ("invoice", "2026/118", False)
    assert await dues(garage) == []
    await sound(garage)


async def test_a_reason_settles_it_too(garage: Garage) -> None:
    row_id = await a_departure(garage)
    async with garage.unit() as session:
        await settle(session, row_id, Settlement("Guarantee", is_reference=False), STAFF)
    (row,) = await register(garage)
    assert row.invoice is not None
    assert row.invoice.kind == "no_invoice"
    assert await dues(garage) == []


async def test_a_row_that_two_settle_in_the_same_words_is_settled_once(garage: Garage) -> None:
    row_id = await a_departure(garage)

    async def say(words: str) -> None:
        async with garage.unit() as session:
            await settle(session, row_id, Settlement(words), STAFF)

    await asyncio.gather(say("2026/118"), say(" 2026/118 "))
    assert [line.kind for line in await lines(garage)] == ["entry", "exit", "invoice"]
    with pytest.raises(AlreadySettled):
        async with garage.unit() as session:
            await settle(session, row_id, Settlement("2026/118", is_reference=False), STAFF)
    await sound(garage)


async def test_it_is_settled_once_and_not_with_nothing(garage: Garage) -> None:
    row_id = await a_departure(garage)
    async with garage.unit() as session:
        with pytest.raises(WordsMissing):
            await settle(session, row_id, Settlement("  "), STAFF)
        await settle(session, row_id, Settlement("1"), STAFF)
        with pytest.raises(AlreadySettled):
            await settle(session, row_id, Settlement("2"), STAFF)
        with pytest.raises(NotFound):
            await settle(session, uuid4(), Settlement("2"), STAFF)


async def test_what_is_taken_back_stays_readable_and_the_row_waits_again(garage: Garage) -> None:
    row_id = await a_departure(garage)
    async with garage.unit() as session:
        await settle(session, row_id, Settlement("2026/1"), STAFF)
        await take_back_settlement(session, row_id, STAFF)
    (row,) = await register(garage)
    assert row.waits
    assert [each.line.words for each in row.struck] == ["2026/1"]
    assert [due.number for due in await dues(garage)] == [1]


async def test_only_its_writer_undoes_a_reference_and_only_right_away(garage: Garage) -> None:
    row_id = await a_departure(garage)
    accountant = Actor("staff", "Ann of the accounts")
    async with garage.unit() as session:
        await settle(session, row_id, Settlement("2026/1"), accountant)
    for who, later in ((STAFF, 0), (accountant, 31)):
        with frozen(now() + timedelta(minutes=later)), pytest.raises(TooLateToTakeBack):
            async with garage.unit() as session:
                await take_back_settlement(session, row_id, who)
    (row,) = await register(garage)
    assert (row.waits, row.struck) == (False, [])
    async with garage.unit() as session:
        await take_back_settlement(session, row_id, accountant)
    assert (await register(garage))[0].waits


async def test_a_reference_that_is_emptied_in_a_correction_lets_the_row_wait_again(
    garage: Garage,
) -> None:
    row_id = await a_departure(garage)
    async with garage.unit() as session:
        await settle(session, row_id, Settlement("2026/1"), STAFF)
    with frozen(now() + timedelta(days=2)):
        await corrected(garage, "of another car")
    (row,) = await register(garage)
    assert row.waits
    assert [(each.line.words, each.by.reason) for each in row.struck] == [
        ("2026/1", "of another car")
    ]
    assert [due.number for due in await dues(garage)] == [1]
    await sound(garage)


async def corrected(garage: Garage, reason: str = "mistyped", **changes: object) -> None:
    """Correct the only row."""
    (row,) = await register(garage)
    values: dict[str, object] = {
        "day": row.entry.day,
        "plate": row.entry.plate or "",
        "vin": row.entry.vin or "",
        "vat_number": row.entry.vat_number or "",
        "settlement": None,
        **changes,
    }
    async with garage.unit() as session:
        await correct(session, row.row_id, Correction(**values), reason, STAFF)  # type: ignore[arg-type]


async def test_a_correction_strikes_and_replaces_with_its_reason(garage: Garage) -> None:
    row_id = await a_departure(garage, plate="1-AAA-111")
    await corrected(garage, plate="1-AAA-112", vat_number="BE 0403.019.261")
    (row,) = await register(garage)
    assert (row.row_id, row.entry.plate) == (row_id, "1-AAA-112")
    (struck,) = row.struck
    assert (struck.line.plate, struck.by.reason, struck.by.actor) == (
        "1-AAA-111",
        "mistyped",
        STAFF.name,
    )
    assert row.waits
    await sound(garage)


async def test_an_invoice_can_be_corrected_to_a_reason(garage: Garage) -> None:
    row_id = await a_departure(garage)
    async with garage.unit() as session:
        await settle(session, row_id, Settlement("2026/1"), STAFF)
    await corrected(garage, settlement=Settlement("Guarantee", is_reference=False))
    (row,) = await register(garage)
    assert row.invoice is not None
    assert (row.invoice.words, [each.line.words for each in row.struck]) == (
        "Guarantee",
        ["2026/1"],
    )


async def test_a_corrected_day_of_departure_moves_the_deadline_and_the_job_says_the_same(
    garage: Garage,
) -> None:
    moment = datetime(2026, 2, 3, 9, tzinfo=UTC)
    left = moment + timedelta(days=60)
    await a_departure(garage, arrived=moment, left=left)
    await garage.switch("polite", on=True)
    await corrected(garage, "left in March already", left=date(2026, 3, 31))
    (row,) = await register(garage)
    assert row.exit is not None
    assert (row.exit.day, row.exit.actor) == (date(2026, 3, 31), STAFF.name)
    (struck,) = row.struck
    assert (struck.line.day, struck.by.reason) == (date(2026, 4, 4), "left in March already")
    assert [due.due_on for due in await dues(garage)] == [date(2026, 4, 30)]
    async with garage.unit() as session:
        stay = await presence.latest_stay(session, row.entry.job_id)  # type: ignore[arg-type]
    assert stay is not None
    assert (stay.left_at, stay.closed_by) == (row.exit.at, "correction")
    (told,) = heard(garage, "vehicle_times_changed")
    before, after = VehicleTimes(moment, left), VehicleTimes(moment, stay.left_at)
    assert told["vehicles"] == [VehicleTimesChanged(stay.job_id, before, after)]
    await sound(garage)


async def test_days_that_other_visits_or_absences_forbid_are_refused_and_nothing_is_written(
    garage: Garage,
) -> None:
    noon = datetime(2026, 11, 10, 11, tzinfo=UTC)
    day = timedelta(days=1)
    async with garage.unit() as session:
        job = await a_job(session, plate="1-TWO-222")
        for begin in (noon, noon + 5 * day):
            with frozen(begin):
                await record_arrival(session, job.id, STAFF)
            with frozen(begin + day):
                await leave_for_a_while(session, job.id, 0, STAFF)
            with frozen(begin + day + timedelta(hours=2)):
                await come_back(session, job.id, STAFF)
            with frozen(begin + 3 * day):
                await mark_off_site(session, job.id, STAFF)
    before = len(await lines(garage))
    first, second = await register(garage)
    for row, came, left, refusal in (
        (first, 10, 16, OtherVisitThen),
        (second, 12, None, OtherVisitThen),
        (first, 12, None, AwayThen),
        (first, 10, 10, AwayThen),
    ):
        right = Correction(
            date(2026, 11, came),
            "1-TWO-222",
            row.entry.vin or "",
            row.entry.vat_number or "",
            None,
            left=date(2026, 11, left) if left else None,
        )
        with pytest.raises(refusal):
            async with garage.unit() as session:
                await correct(session, row.row_id, right, "mistyped", STAFF)
    assert len(await lines(garage)) == before


async def test_an_absence_that_ended_with_the_stay_ends_on_the_corrected_day(
    garage: Garage,
) -> None:
    noon = datetime(2026, 11, 10, 11, tzinfo=UTC)
    async with garage.unit() as session:
        job = await a_job(session, plate="1-OUT-222")
        with frozen(noon):
            stay = await record_arrival(session, job.id, STAFF)
            await leave_for_a_while(session, job.id, 0, STAFF)
        with frozen(noon + timedelta(days=4)):
            await mark_off_site(session, job.id, STAFF)
    await corrected(garage, "not seen since", left=date(2026, 11, 12))
    async with garage.unit() as session:
        (absence,) = await absence_repository.of_stays(session, [stay.id])
    assert absence.back_at == noon + timedelta(days=2)


async def test_whoever_saw_an_older_row_corrects_nothing(garage: Garage) -> None:
    row_id = await a_departure(garage, plate="1-AAA-111")
    async with garage.unit() as session:
        seen = await row_of(session, row_id)
    await corrected(garage, plate="1-AAA-112")
    assert seen.entry.day is not None
    stale = Correction(seen.entry.day, "1-AAA-111", "", "BE0403019261", None)
    with pytest.raises(RowChangedMeanwhile):
        async with garage.unit() as session:
            await correct(session, row_id, stale, "of the client", STAFF, seen=seen.version)
    (row,) = await register(garage)
    assert (row.entry.plate, row.entry.vat_number) == ("1-AAA-112", None)


@pytest.mark.parametrize(
    ("changes", "reason", "refusal"),
    [
        ({}, "because", NothingToCorrect),
        ({"plate": "2-BBB-222"}, "  ", ReasonMissing),
        ({"plate": "", "vin": ""}, "because", VehicleMissing),
        ({"day": date(2199, 1, 1)}, "because", EntryAfterExit),
        ({"left": date(2199, 1, 1)}, "because", LeftBetween),
        ({"left": date(2001, 1, 1)}, "because", LeftBetween),
    ],
)
async def test_an_impossible_correction_is_refused(
    garage: Garage, changes: dict[str, object], reason: str, refusal: type[Refused]
) -> None:
    await a_departure(garage)
    with pytest.raises(refusal):
        await corrected(garage, reason, **changes)
    assert (await register(garage))[0].struck == []


async def test_nothing_is_added_to_a_struck_row(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        stay = await record_arrival(session, job.id, STAFF)
        await undo_arrival(session, stay.id, job.id, STAFF)
    (row,) = await register(garage)
    async with garage.unit() as session:
        with pytest.raises(RowCancelled):
            await settle(session, row.row_id, Settlement("1"), STAFF)


async def test_another_garages_row_does_not_exist(garage: Garage, other_garage: Garage) -> None:
    row_id = await a_departure(other_garage)
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await row_of(session, row_id)


async def test_erasing_a_customer_leaves_the_register(garage: Garage) -> None:
    await a_departure(garage, arrived=now() - timedelta(days=3))
    before = await register(garage)
    async with garage.unit() as session:
        job = await jobs.by_id(session, before[0].entry.job_id)  # type: ignore[arg-type]
        await set_status(session, job.id, "invoiced", STAFF)
        await erase_customer(session, job.customer_id, STAFF, reason="asked for it")
    after = await register(garage)
    assert [row.entry.hash for row in after] == [row.entry.hash for row in before]
    await sound(garage)


@pytest.mark.parametrize(
    ("left", "due"),
    [
        (date(2026, 1, 1), date(2026, 2, 28)),
        (date(2028, 1, 31), date(2028, 2, 29)),
        (date(2026, 11, 30), date(2026, 12, 31)),
        (date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_belgium_wants_the_reference_by_the_end_of_the_next_month(left: date, due: date) -> None:
    assert BELGIUM.due(left) == due


def test_a_country_is_data() -> None:
    assert NETHERLANDS.due(date(2026, 12, 31)) == date(2027, 1, 15)
    assert [column.key for column in NETHERLANDS.columns] != [
        column.key for column in BELGIUM.columns
    ]
    assert (BELGIUM.kept_until(TODAY), NETHERLANDS.kept_until(TODAY)) == (
        date(2036, 12, 31),
        date(2033, 12, 31),
    )
    assert (register_of("NL"), register_of("BE"), register_of("XX")) == (
        NETHERLANDS,
        BELGIUM,
        PLAIN,
    )
