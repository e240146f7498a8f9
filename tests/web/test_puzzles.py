"""A form that asks for a small piece of work near a limit: an outside plugin's guest book."""

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select

from core.web import puzzles
from core.web.host_router import HostRouter
from core.web.puzzles import ANSWER, FIELD, WAITED_PER_ADDRESS
from tests.garages import Browser, Garage
from tests.outside_plugins.polite.guestbook import PER_ADDRESS
from tests.outside_plugins.polite.models import Note
from tests.solving import solved

BOOK = "/polite/book"
HALF = int(PER_ADDRESS.partition("/")[0]) // 2


@pytest.fixture
async def garage(garage: Garage) -> Garage:
    """With the outside plugin on."""
    await garage.switch("polite", on=True)
    return garage


async def lines(garage: Garage) -> int:
    async with garage.unit() as session:
        written = Note.text.not_in(["enabled", "disabled"])
        return await session.scalar(select(func.count(Note.id)).where(written)) or 0


async def write(browser: Browser, more: dict[str, str] | None = None) -> int:
    answer = await browser.submit(BOOK, {"line": "Nice place", **(more or {})}, follow=False)
    return answer.status_code


async def busy(garage: Garage) -> Browser:
    """A visitor who has written half of what is allowed."""
    browser = garage.browser(address="192.0.2.1")
    assert [await write(browser) for _ in range(HALF)] == [303] * HALF
    return browser


async def test_far_from_the_limit_nothing_is_asked(garage: Garage) -> None:
    page = await garage.browser().open(BOOK)
    assert page.select_one("small-puzzle") is None
    assert page.select_one("script[src*=puzzle]") is None


async def test_near_the_limit_the_form_asks_for_work_and_stores_nothing_without(
    garage: Garage,
) -> None:
    browser = await busy(garage)
    assert solved(await browser.open(BOOK)) != {}
    answer = await browser.submit(BOOK, {"line": "Once more"})
    page = BeautifulSoup(answer.text, "html.parser")
    field = page.select_one("input[name=line]")
    assert answer.status_code == 422
    assert "one more step" in answer.text
    assert field is not None
    assert field["value"] == "Once more"
    assert await lines(garage) == HALF


async def test_whoever_solved_it_goes_on_until_the_limit(garage: Garage) -> None:
    browser = await busy(garage)
    statuses = [await write(browser, solved(await browser.open(BOOK))) for _ in range(HALF + 1)]
    assert statuses == [303] * HALF + [422]
    assert await lines(garage) == 2 * HALF


async def test_the_puzzle_on_a_refused_form_can_be_solved(garage: Garage) -> None:
    browser = await busy(garage)
    refused = await browser.submit(BOOK, {"line": "Once more"})
    assert await write(browser, solved(BeautifulSoup(refused.text, "html.parser"))) == 303


async def test_an_answer_counts_once_over_all_processes(
    garage: Garage, second_process: HostRouter
) -> None:
    browser = await busy(garage)
    answer = solved(await browser.open(BOOK))
    other = Browser(second_process, garage.host, address="192.0.2.1")
    assert [await write(browser, answer), await write(other, answer)] == [303, 422]


async def test_a_wrong_answer_is_none(garage: Garage) -> None:
    browser = await busy(garage)
    right = solved(await browser.open(BOOK))
    for wrong in ("", "-1", "1e3", "٣", "9" * 40, f"{right[ANSWER]}0"):
        assert await write(browser, {**right, ANSWER: wrong}) == 422, wrong
    assert await write(browser, right) == 303


async def test_a_puzzle_fits_no_other_garage_and_no_other_form(
    garage: Garage, other_garage: Garage
) -> None:
    await other_garage.switch("polite", on=True)
    browser, other = await busy(garage), await busy(other_garage)
    assert await write(browser, solved(await other.open(BOOK))) == 422
    for _ in range(10):
        await browser.submit("/en/status", {"plate": "1-AAA-111", "number": "AAA-AAA-AAA"})
    elsewhere = solved(await browser.open("/en/status"))
    assert elsewhere != {}
    assert await write(browser, elsewhere) == 422


async def test_a_puzzle_is_good_for_twenty_minutes(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await busy(garage)
    answer = solved(await browser.open(BOOK))
    monkeypatch.setattr(puzzles, "SECONDS", -1)
    assert await write(browser, answer) == 422


async def test_without_scripts_one_waits_and_is_told_how_long(garage: Garage) -> None:
    browser = await busy(garage)
    token = {FIELD: solved(await browser.open(BOOK))[FIELD]}
    answer = await browser.submit(BOOK, {"line": "Patient", **token})
    page = BeautifulSoup(answer.text, "html.parser")
    kept = page.select_one(f"input[name={FIELD}]")
    assert answer.status_code == 422
    assert "more seconds, then send again" in answer.text
    assert kept is not None
    assert kept["value"] == token[FIELD], "whoever waits does not begin anew"


async def test_waiting_is_a_narrow_way(garage: Garage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puzzles, "WAIT_SECONDS", 0)
    monkeypatch.setattr("tests.outside_plugins.polite.guestbook.PER_ADDRESS", "20/hour")
    browser = garage.browser(address="192.0.2.1")
    assert [await write(browser) for _ in range(10)] == [303] * 10
    statuses = []
    for _ in range(5):
        token = str((await browser.open(BOOK)).select_one(f"input[name={FIELD}]")["value"])  # type: ignore[index]
        statuses.append(await write(browser, {FIELD: token}))
    assert WAITED_PER_ADDRESS == "4/hour"
    assert statuses == [303] * 4 + [422]


async def test_what_nobody_sees_must_stay_empty(garage: Garage) -> None:
    browser = garage.browser()
    answer = await browser.submit(BOOK, {"line": "Buy this", "homepage": "https://spam.example"})
    assert answer.status_code == 422
    assert "This form was filled in as a machine does it, so nothing was sent." in answer.text
    assert "Buy this" in answer.text
    assert await lines(garage) == 0
