"""`garagist vat-book`."""

import json
from datetime import timedelta
from pathlib import Path

from core.clock import frozen, now
from plugins.vehicle_presence.vat_book.closing import close_months
from tests.cli.conftest import Terminal
from tests.garages import Garage
from tests.plugins.vehicle_presence.vat_book.reading import a_departure, first_location


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


async def test_close_closes_months_once(terminal: Terminal, garage: Garage) -> None:
    await a_departure(garage)
    words = ["vat-book", "close", "--garage", garage.slug]
    first = await terminal.json(*words, "--now")
    assert first[garage.slug] == {f"Garage {garage.slug}": []}
    assert "nothing to close" in (await terminal.type(*words)).stdout


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
