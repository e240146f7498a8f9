"""Nobody changes what was written: refused to the application, located for everybody else."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import frozen, now
from core.storage import storage
from plugins.vehicle_presence.vat_book.anchors import Kept, kept_file
from plugins.vehicle_presence.vat_book.chain import canonical
from plugins.vehicle_presence.vat_book.closing import close_months, path_of, signed
from plugins.vehicle_presence.vat_book.models import VatClosing
from plugins.vehicle_presence.vat_book.settling import Settlement, settle
from plugins.vehicle_presence.vat_book.tasks import tend
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.vehicle_presence.vat_book.reading import (
    a_departure,
    checked,
    first_location,
    lines,
)
from tests.plugins.vehicle_presence.vat_book.tampering import (
    KEPT,
    NEVER_CLOSED,
    NO_CLOSING,
    rewrite,
    tamper,
)

CHANGES = {
    "update": "update vehicle_presence_vat_{table} set id = id",
    "delete": "delete from vehicle_presence_vat_{table}",
    "truncate": "truncate vehicle_presence_vat_{table}",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", KEPT)
async def test_the_application_may_not_change_what_was_written(
    garage: Garage, table: str, change: str
) -> None:
    await a_departure(garage)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with garage.unit() as session:
            await session.execute(text(CHANGES[change].format(table=table)))
    assert len(await lines(garage)) == 2


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", KEPT)
async def test_a_trigger_refuses_it_even_to_the_administrator(
    superuser: AsyncEngine, garage: Garage, table: str, change: str
) -> None:
    await a_departure(garage)
    for mode in ("origin", "replica"):
        async with superuser.connect() as connection:
            await connection.execute(text(f"set session_replication_role = {mode}"))
            with pytest.raises(DBAPIError, match="only ever added to"):
                await connection.execute(text(CHANGES[change].format(table=table)))


async def three_rows(garage: Garage) -> None:
    """Six lines."""
    for _ in range(3):
        await a_departure(garage)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("plate", "'9-XXX-999'"),
        ("day", "day - 1"),
        ("number", "7"),
        ("actor", "'Somebody'"),
        ("recorded_at", "recorded_at + interval '1 microsecond'"),
        ("evidence", '\'{"a": "b"}\''),
        ("kind", "'exit'"),
    ],
)
async def test_a_changed_line_is_found_at_its_place(
    superuser: AsyncEngine, garage: Garage, column: str, value: str
) -> None:
    await three_rows(garage)
    await tamper(
        superuser,
        garage,
        f"update vehicle_presence_vat_lines set {column} = {value}"  # noqa: S608 - from above
        " where tenant_id = :garage and position = 5",
    )
    finding = await checked(garage)
    assert finding.broken is not None
    assert (finding.broken.position, finding.broken.what) == (
        5,
        "its content is not what was written",
    )


@pytest.mark.parametrize("position", [1, 4, 6])
async def test_a_removed_line_is_found_at_its_place(
    superuser: AsyncEngine, garage: Garage, position: int
) -> None:
    await three_rows(garage)
    await tamper(
        superuser,
        garage,
        "delete from vehicle_presence_vat_lines where tenant_id = :garage and position = :position",
        position=position,
    )
    finding = await checked(garage)
    assert finding.broken is not None
    assert (finding.broken.position, finding.broken.what) == (position, "it is missing")


async def test_a_line_with_a_new_hash_is_betrayed_by_the_next(
    superuser: AsyncEngine, garage: Garage
) -> None:
    await three_rows(garage)
    await rewrite(superuser, garage, lambda values: values | {"plate": "9-XXX-999"}, [3])
    finding = await checked(garage)
    assert finding.broken is not None
    assert (finding.broken.position, finding.broken.what) == (
        4,
        "it does not follow the line before it",
    )


async def closed(garage: Garage, outbox: Outbox) -> VatClosing:
    """The garage's only closed month, with its file where it belongs."""
    with frozen(now() + timedelta(days=40)):
        async with garage.unit() as session:
            closing, *_others = await close_months(session, await first_location(garage))
        await outbox.empty(garage)
    return closing


async def test_a_chain_that_was_computed_afresh_is_betrayed_by_a_closed_month(
    superuser: AsyncEngine, garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    await closed(garage, outbox)
    everything = list(range(3, 7))
    await rewrite(superuser, garage, lambda values: values | {"plate": "9-XXX-999"}, everything)
    finding = await checked(garage)
    assert finding.broken is None
    assert not finding.is_sound
    assert "line 6 is not the one that was closed with" in finding.anchor_problems[0]


async def test_a_closing_that_was_changed_with_it_lacks_the_signature_or_the_file(
    superuser: AsyncEngine, garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    closing = await closed(garage, outbox)
    facts = json.loads(closing.document)
    forged = canonical({**facts, "head": "f" * 64}).decode()
    statement = (
        "update vehicle_presence_vat_closings set document = :document"
        " where tenant_id = :garage and month = :month"
    )
    await tamper(superuser, garage, statement, document=forged, month=closing.month)
    assert "the closing itself was changed" in (await checked(garage)).anchor_problems[0]
    kept = {name: value for name, value in facts.items() if name not in {"v", "signature"}}
    resigned = signed({**kept, "closed_at": "2026-01-01T00:00:00.000000Z"})
    await tamper(superuser, garage, statement, document=resigned, month=closing.month)
    assert "in the storage differs" in (await checked(garage)).anchor_problems[0]


async def months_closed(garage: Garage, outbox: Outbox, days: int = 100) -> list[VatClosing]:
    """Several closed months, with their files where they belong."""
    with frozen(now() + timedelta(days=days)):
        async with garage.unit() as session:
            closings = await close_months(session, await first_location(garage))
        await outbox.empty(garage)
    return closings


async def falsified(superuser: AsyncEngine, garage: Garage) -> None:
    """Another plate in the second row, and the chain computed afresh up to the book's end."""
    everything = list(range(3, 7))
    await rewrite(superuser, garage, lambda values: values | {"plate": "9-XXX-999"}, everything)


@pytest.mark.parametrize("place", [0, 1, -1], ids=["first", "second", "last"])
async def test_a_closing_that_was_removed_is_missed_by_its_month(
    superuser: AsyncEngine, garage: Garage, outbox: Outbox, place: int
) -> None:
    await three_rows(garage)
    closing = (await months_closed(garage, outbox))[place]
    assert (await checked(garage)).is_sound
    await tamper(superuser, garage, f"{NO_CLOSING} and month = :month", month=closing.month)
    problems = (await checked(garage)).anchor_problems
    assert f"{closing.month:%Y-%m}: its closing was removed" in problems


async def test_a_book_that_says_it_was_never_closed_is_betrayed_by_its_closings(
    superuser: AsyncEngine, garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    closings = await months_closed(garage, outbox)
    await tamper(superuser, garage, NEVER_CLOSED)
    assert (await checked(garage)).anchor_problems == [
        f"{each.month:%Y-%m}: the book does not say that it is closed" for each in closings
    ]


async def test_with_all_closings_removed_and_the_chain_afresh_the_files_in_the_storage_betray_it(
    superuser: AsyncEngine, garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    closings = await months_closed(garage, outbox)
    await falsified(superuser, garage)
    await tamper(superuser, garage, NO_CLOSING)
    await tamper(superuser, garage, NEVER_CLOSED)
    finding = await checked(garage)
    assert (finding.broken, finding.anchors) == (None, 0)
    assert finding.anchor_problems == [
        f"{each.month:%Y-%m}: the storage has its file, the book not" for each in closings
    ]


async def test_months_that_the_night_closes_once_more_leave_the_first_files_as_proof(
    superuser: AsyncEngine, garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    closings = await months_closed(garage, outbox)
    await falsified(superuser, garage)
    await tamper(superuser, garage, NO_CLOSING)
    await tamper(superuser, garage, NEVER_CLOSED)
    again = await months_closed(garage, outbox)
    assert len(again) == len(closings)
    assert (await checked(garage)).anchor_problems == [
        f"{each.month:%Y-%m}: the signed file in the storage differs" for each in closings
    ]


async def kept_of(closing: VatClosing) -> Kept:
    """The file as it lies in the owner's mailbox."""
    kept = kept_file("mail.json", closing.document.encode())
    assert kept is not None
    return kept


async def test_a_kept_file_betrays_a_book_whose_closings_were_all_made_afresh(
    superuser: AsyncEngine, garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    closings = await months_closed(garage, outbox)
    kept = [await kept_of(each) for each in closings]
    assert (await checked(garage, kept=kept)).is_sound
    await falsified(superuser, garage)
    await tamper(superuser, garage, NO_CLOSING)
    await tamper(superuser, garage, NEVER_CLOSED)
    for each in closings:
        await storage().delete(garage.tenant.id, path_of(each))
    await months_closed(garage, outbox)
    assert (await checked(garage)).is_sound, "nothing in the house knows any better"
    problems = (await checked(garage, kept=kept[:1])).anchor_problems
    month = f"{closings[0].month:%Y-%m}"
    assert problems == [
        f"{month}: line 6 is not the one that mail.json was signed over",
        f"{month}: its closing is not mail.json",
    ]


async def test_a_closing_that_was_replaced_by_another_signed_one_is_found(
    superuser: AsyncEngine, garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    first, second, *_later = await months_closed(garage, outbox)
    statement = (
        "update vehicle_presence_vat_closings set document = :document"
        " where tenant_id = :garage and month = :month"
    )
    await tamper(superuser, garage, statement, document=first.document, month=second.month)
    problems = (await checked(garage)).anchor_problems
    assert problems[0] == (
        f"{second.month:%Y-%m}: the closing's signed file says something else than its row"
    )
    own_facts = json.loads(second.document)
    facts = {name: value for name, value in own_facts.items() if name not in {"v", "signature"}}
    torn = signed({**facts, "previous": None})
    await tamper(superuser, garage, statement, document=torn, month=second.month)
    problems = (await checked(garage)).anchor_problems
    assert problems[0] == f"{second.month:%Y-%m}: it does not follow the closing before it"


async def test_a_file_that_was_removed_from_the_storage_is_missed(
    garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    closing = await closed(garage, outbox)
    assert (await checked(garage)).is_sound
    await storage().delete(garage.tenant.id, path_of(closing))
    assert "missing in the storage" in (await checked(garage)).anchor_problems[0]


async def test_the_night_finds_it_and_the_page_warns_of_the_closed_month(
    superuser: AsyncEngine, garage: Garage, outbox: Outbox
) -> None:
    await three_rows(garage)
    await months_closed(garage, outbox)
    await tamper(superuser, garage, NO_CLOSING)
    async with garage.unit() as session:
        await tend(session)
    page = await (await garage.staff("accountant")).open("/desk/vat-book")
    assert "A closed month contradicts it." in page.get_text()
    assert "Chain verified" not in page.get_text()


async def test_a_missing_reference_that_is_not_on_the_list_is_found(garage: Garage) -> None:
    await three_rows(garage)
    async with garage.unit() as session:
        await session.execute(text("delete from vehicle_presence_vat_dues where number = 2"))
    finding = await checked(garage)
    assert finding.is_as_written
    assert not finding.is_sound
    assert finding.due_problems == ["row 2 waits for its invoice reference, unlisted"]


async def test_a_row_that_is_on_the_list_and_does_not_wait_is_found(garage: Garage) -> None:
    await three_rows(garage)
    name = await a_departure(garage)
    async with garage.unit() as session:
        await settle(session, name, Settlement("2026-1"), STAFF)
    assert (await checked(garage)).is_sound
    async with garage.unit() as session:
        await session.execute(
            text(
                "insert into vehicle_presence_vat_dues (tenant_id, location_id, number, left_on,"
                " due_on) select tenant_id, location_id, 4, left_on, due_on"
                " from vehicle_presence_vat_dues where number = 1"
            )
        )
    assert (await checked(garage)).due_problems == ["row 4 is listed, and does not wait"]
