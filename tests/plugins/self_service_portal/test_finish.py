"""Devices that several customers use: what one of them did is closed there."""

from bs4 import BeautifulSoup

from tests.customers import book_estimate
from tests.garages import Browser, Garage
from tests.plugins.self_service_portal.waiting_people import at_the_time

ADDRESS = "noor@customer.test"


async def places(browser: Browser, *paths: str) -> list[str]:
    """Where these addresses lead."""
    answers = [await browser.get(f"/en/{path}") for path in paths]
    return [each.headers.get("location", each.url.path) for each in answers]


def offers_to_finish(page: BeautifulSoup) -> bool:
    """Whether the page has the button."""
    return page.select_one("form[action='/en/finish'] button") is not None


async def test_finishing_closes_the_job_and_the_request_on_this_device(garage: Garage) -> None:
    browser = garage.browser()
    done = await book_estimate(browser, email=ADDRESS)
    status, home = await browser.open("/en/status/job"), await browser.open("/en")
    assert [offers_to_finish(each) for each in (done, status, home)] == [True] * 3
    answer = await browser.submit("/en/finish", page="/en/estimate/done")
    assert answer.url.path == "/en/finished"
    assert await places(browser, "estimate/done", "status/job", "pictures/add") == [
        "/en/estimate",
        "/en/status",
        "/en/pictures",
    ]
    assert not offers_to_finish(await browser.open("/en"))


async def test_a_code_on_paper_closes_what_somebody_before_left_open(garage: Garage) -> None:
    browser = garage.browser()
    await book_estimate(browser, email=ADDRESS)
    await browser.get("/s/e")
    assert await places(browser, "estimate/done", "status/job") == ["/en/estimate", "/en/status"]


async def test_a_code_on_paper_keeps_a_request_that_was_not_sent_yet(garage: Garage) -> None:
    browser = await at_the_time(garage)
    answer = await browser.get("/s/e", follow_redirects=True)
    assert answer.url.path == "/en/estimate/time"
