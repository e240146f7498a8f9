"""Links in mails that lead back to a job."""

import pytest

from plugins.self_service_portal import job_links
from plugins.self_service_portal.job_links import Target, address_of
from tests.garages import Garage
from tests.plugins.self_service_portal.talkers import PLATE, Talkers, talkers_at


@pytest.fixture
async def talkers(garage: Garage) -> Talkers:
    """A customer who has the job open."""
    return await talkers_at(garage)


async def path_to(talkers: Talkers, **values: object) -> str:
    """The path of a link in a mail about the job."""
    async with talkers.garage.unit():
        address = address_of(Target(talkers.job_id, **values))  # type: ignore[arg-type]
    return "/en" + address.partition("/en")[2]


async def test_the_plate_opens_what_the_link_is_about(talkers: Talkers) -> None:
    quote = await talkers.has_quote()
    path = await path_to(talkers, quote_id=quote.id)
    browser = talkers.garage.browser()
    page = await browser.open(path)
    answer = await browser.submit(path, {"plate": "1 tlk 001"}, follow=False)
    assert PLATE not in page.text
    assert "then you see our estimate" in page.text
    assert answer.headers["location"] == f"/en/status/quotes/{quote.id}"
    assert "€1,210.00" in (await browser.open(answer.headers["location"])).text


@pytest.mark.parametrize(
    ("is_talk", "place", "words"),
    [(False, "/en/status/job", "how far we are"), (True, "/en/status/job#messages", "we wrote")],
)
async def test_whoever_has_the_job_open_needs_not_type_the_plate(
    talkers: Talkers, is_talk: bool, place: str, words: str
) -> None:
    path = await path_to(talkers, is_talk=is_talk)
    answer = await talkers.customer.get(path)
    assert answer.headers["location"] == place
    assert words in (await talkers.garage.browser().open(path)).text


@pytest.mark.parametrize("plate", ["1-XXX-999", "", "--"])
async def test_another_plate_opens_nothing(talkers: Talkers, plate: str) -> None:
    browser = talkers.garage.browser()
    answer = await browser.submit(await path_to(talkers), {"plate": plate})
    assert answer.status_code == 422
    assert (await browser.get("/en/status/job")).status_code == 303


async def test_a_link_ends_after_ninety_days(
    talkers: Talkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await path_to(talkers)
    monkeypatch.setattr(job_links, "LINK_SECONDS", -1)
    assert (await talkers.garage.browser().get(path)).status_code == 404


async def test_a_link_of_another_garage_opens_nothing(
    talkers: Talkers, other_garage: Garage
) -> None:
    path = await path_to(talkers)
    assert (await other_garage.browser().get(path)).status_code == 404


@pytest.mark.parametrize("key", ["x", "0" * 32, "a.b.c"])
async def test_a_link_that_was_made_up_opens_nothing(garage: Garage, key: str) -> None:
    assert (await garage.browser().get(f"/en/status/link/{key}")).status_code == 404
