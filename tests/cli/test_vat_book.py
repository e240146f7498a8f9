"""`garagist vat-book`."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core.clock import frozen, now
from core.errors import GaragistError
from core.storage import storage
from plugins.vehicle_presence.vat_book.closing import close_months, path_of
from tests.cli.conftest import Terminal
from tests.garages import Garage, Outbox
from tests.plugins.vehicle_presence.vat_book.opened import csv_table
from tests.plugins.vehicle_presence.vat_book.reading import a_departure, first_location
from tests.plugins.vehicle_presence.vat_book.tampering import (
    NEVER_CLOSED,
    NO_CLOSING,
    rewrite,
    tamper,
)


async def test_verify_says_that_a_book_is_sound(terminal: Terminal, garage: Garage) -> None:
    await a_departure(garage)
    words = ["vat-book", "verify", "--garage", garage.slug]
    (found,) = (await terminal.json(*words))[garage.slug]
    assert (found["sound"], found["lines"], found["rows"]) == (True, 2, 1)
    assert "sound; 2 lines, rows 1 to 1" in (await terminal.type(*words)).stdout


async def test_verify_can_look_at_one_location_only(terminal: Terminal, garage: Garage) -> None:
    await a_departure(garage)
    place = await first_location(garage)
    words = ["vat-book", "verify", "--garage", garage.slug, "--location"]
    assert len((await terminal.json(*words, str(place)))[garage.slug]) == 1
    assert (await terminal.json(*words, "elsewhere"))[garage.slug] == []


async def test_close_closes_months_once(
    terminal: Terminal, garage: Garage, superuser: AsyncEngine
) -> None:
    await a_departure(garage)
    month = await opened_two_months_ago(superuser, garage)
    words = ["vat-book", "close", "--garage", garage.slug]
    name = f"Garage {garage.slug}"
    closed = (await terminal.json(*words, "--now"))[garage.slug][name]
    assert closed[0] == month
    assert len(closed) == 2
    assert (await terminal.json(*words, "--now"))[garage.slug] == {name: []}
    assert "nothing to close" in (await terminal.type(*words)).stdout


async def opened_two_months_ago(superuser: AsyncEngine, garage: Garage) -> str:
    """Let the garage's book be open since the month before the last one: that month."""
    today = now().astimezone(garage.tenant.zone).date()
    first = ((today.replace(day=1) - timedelta(days=1)).replace(day=1)) - timedelta(days=1)
    async with superuser.begin() as connection:
        await connection.execute(
            text("update vehicle_presence_vat_books set opened_on = :day where tenant_id = :id"),
            {"day": first, "id": garage.tenant.id},
        )
    return f"{first:%Y-%m}"


async def test_verify_names_the_broken_line_and_fails(
    terminal: Terminal, garage: Garage, superuser: AsyncEngine
) -> None:
    await a_departure(garage)
    await tamper(
        superuser,
        garage,
        "update vehicle_presence_vat_lines set plate = '9-XXX-999'"
        " where tenant_id = :garage and position = 1",
    )
    words = ["vat-book", "verify", "--garage", garage.slug]
    told = await terminal.type(*words)
    assert told.exit_code == 1
    assert "BROKEN at line 1 (row 1): its content is not what was written" in told.stdout
    answer = await terminal.type(*words, "--json")
    assert answer.exit_code == 1
    (found,) = json.loads(answer.stdout)[garage.slug]
    assert (found["sound"], found["broken"]["position"]) == (False, 1)


async def test_verify_with_a_kept_file_names_the_month_that_it_contradicts(
    terminal: Terminal, garage: Garage, superuser: AsyncEngine, outbox: Outbox, tmp_path: Path
) -> None:
    await a_departure(garage)
    month = await opened_two_months_ago(superuser, garage)
    async with garage.unit() as session:
        closing, *later = await close_months(session, await first_location(garage), at_once=True)
    await outbox.empty(garage)
    file = tmp_path / "vat-book.json"
    file.write_text(closing.document)
    words = ["vat-book", "verify", "--garage", garage.slug, "--anchor", str(file)]
    assert (await terminal.type(*words)).exit_code == 0
    await rewrite(superuser, garage, lambda values: values | {"plate": "9-XXX-999"}, [1, 2])
    for statement in (NO_CLOSING, NEVER_CLOSED):
        await tamper(superuser, garage, statement)
    for each in (closing, *later):
        await storage().delete(garage.tenant.id, path_of(each))
    assert (await terminal.type(*words[:-2])).exit_code == 0
    told = await terminal.type(*words)
    assert told.exit_code == 1
    assert f"BROKEN, closed month {month}: line 2 is not the one that vat-book" in told.stdout


async def test_verify_says_that_a_kept_files_book_is_gone_or_that_a_file_is_not_ours(
    terminal: Terminal, garage: Garage, other_garage: Garage, tmp_path: Path
) -> None:
    await a_departure(garage)
    with frozen(now() + timedelta(days=40)):
        async with garage.unit() as session:
            closing, *_later = await close_months(session, await first_location(garage))
    file = tmp_path / "closing.json"
    file.write_text(closing.document)
    words = ["vat-book", "verify", "--garage", other_garage.slug, "--anchor", str(file)]
    told = await terminal.type(*words)
    assert told.exit_code == 1
    assert "the book that it was signed over is not here" in told.stderr
    file.write_text(closing.document.replace('"number":1', '"number":2'))
    told = await terminal.type(*words)
    assert told.exit_code == 2
    assert "no signed closing of ours" in told.stderr


async def test_a_signed_closing_is_recognised_too(
    terminal: Terminal, garage: Garage, tmp_path: Path
) -> None:
    await a_departure(garage)
    with frozen(now() + timedelta(days=40)):
        async with garage.unit() as session:
            closing, *_later = await close_months(session, await first_location(garage))
    file = tmp_path / "closing.json"
    file.write_text(closing.document)
    words = ["vat-book", "verify-export", "--garage", garage.slug, str(file)]
    assert "unchanged. The register still holds" in (await terminal.type(*words)).stdout
    file.write_text(closing.document.replace('"number":1', '"number":2'))
    assert (await terminal.type(*words)).exit_code == 1


async def test_a_file_is_recognised_until_a_byte_of_it_is_changed(
    terminal: Terminal, garage: Garage, tmp_path: Path
) -> None:
    await a_departure(garage, arrived=now() - timedelta(days=1))
    browser = await garage.staff("owner")
    words = ["vat-book", "verify-export", "--garage", garage.slug]
    for file_format in ("pdf", "xlsx", "csv"):
        body = (await browser.get(f"/desk/vat-book/export/{file_format}")).content
        file = tmp_path / f"book.{file_format}"
        file.write_bytes(body)
        (facts,) = await terminal.json(*words, str(file))
        assert (facts["garage"], facts["sound"], facts["position"]) == (garage.slug, True, 2)
        file.write_bytes(body + b" ")
        changed = await terminal.type(*words, str(file))
        assert changed.exit_code == 1
        assert "not a file of ours" in changed.stdout
        answer = await terminal.type(*words, str(file), "--json")
        assert json.loads(answer.stdout) == []


async def test_a_book_is_verified_and_exported_where_the_plugin_is_off_by_now(
    terminal: Terminal, garage: Garage, other_garage: Garage, tmp_path: Path
) -> None:
    await a_departure(garage, plate="1-ABC-123", arrived=datetime(2026, 2, 3, 9, tzinfo=UTC))
    await garage.switch("vehicle_presence", on=False)
    words = ["vat-book", "verify", "--garage", garage.slug]
    (found,) = (await terminal.json(*words))[garage.slug]
    assert (found["sound"], found["lines"]) == (True, 2)
    words = ["vat-book", "export", "--garage", garage.slug, "--folder", str(tmp_path)]
    told = await terminal.type(*words, "--month", "2026-02", "--format", "csv")
    assert told.exit_code == 0, told.output
    file = Path(told.stdout.strip())
    assert file.parent == tmp_path
    _head, record = csv_table(await asyncio.to_thread(file.read_bytes))
    assert record[:3] == ["1", "2026-02-03", "1-ABC-123"]
    told = await terminal.type("vat-book", "verify-export", "--garage", garage.slug, str(file))
    assert "unchanged. The register still holds the 2 lines" in told.stdout


@pytest.mark.parametrize(
    "period",
    [[], ["--month", "x"], ["--since", "2026-02-01"], ["--since", "2026-02-01", "--until", "x"]],
)
async def test_an_export_says_how_a_period_is_typed(
    terminal: Terminal, garage: Garage, period: list[str]
) -> None:
    told = await terminal.type("vat-book", "export", "--garage", garage.slug, *period)
    assert told.exit_code == 2
    assert "2026-10-" in told.stderr


async def test_closing_by_hand_is_not_for_a_plugin_that_is_off(
    terminal: Terminal, garage: Garage
) -> None:
    await garage.switch("vehicle_presence", on=False)
    told = await terminal.type("vat-book", "close", "--garage", garage.slug)
    assert told.exit_code == 1
    assert isinstance(told.exception, GaragistError)
