"""From the personal link in a mail to a repair that is booked: each press is on the page that the
one before led to, and plate and number are typed no second time."""

from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup

from core.workshop.planning import repository as planning
from plugins.self_service_portal.job_links import Target, address_of
from tests import factories
from tests.garages import Browser, Garage

MOST = 6
PLATE = "1-TAP-001"


class Thumb:
    """A browser in which presses are counted. Typing is not one."""

    def __init__(self, browser: Browser, path: str) -> None:
        self.browser, self.path, self.taps = browser, path, 0
        self.page = BeautifulSoup("", "html.parser")

    async def _show(self, method: str, path: str, fields: dict[str, str] | None = None) -> None:
        answer = await self.browser.request(method, path, data=fields, follow_redirects=True)
        assert answer.status_code == 200, answer.text[:500]
        self.path = answer.url.path
        self.page = BeautifulSoup(answer.text, "html.parser")

    async def open(self) -> None:
        """What the mail leads to."""
        await self._show("GET", self.path)

    async def follow(self, words: str) -> None:
        """The link that says this."""
        self.taps += 1
        link = next(each for each in self.page.select("main a[href]") if words in each.text)
        await self._show("GET", urljoin(self.path, str(link["href"])))

    async def press(self, words: str, **typed: str) -> None:
        """The button that says this, once that is typed into its form."""
        self.taps += 1
        button = next(each for each in self.page.select("main form button") if words in each.text)
        form = button.find_parent("form")
        assert form is not None
        fields = {
            str(each["name"]): str(each.get("value", ""))
            for each in form.select("input[name]")
            if each.get("type") not in {"radio", "checkbox"}
        }
        assert typed.keys() <= fields.keys(), fields
        if button.get("name"):
            fields[str(button["name"])] = str(button["value"])
        await self._show("POST", str(form.get("action") or self.path), {**fields, **typed})


@pytest.mark.parametrize("with_estimate", [True, False], ids=["estimate", "any-other-mail"])
async def test_from_a_mails_link_a_repair_is_booked_with_six_taps_at_most(
    garage: Garage, *, with_estimate: bool
) -> None:
    async with garage.unit() as session:
        job = await factories.a_job(session, plate=PLATE)
        quote = await factories.a_quote(session, job)
        link = address_of(Target(job.id, quote.id if with_estimate else None))
    thumb = Thumb(garage.browser(), urlsplit(link).path)
    await thumb.open()
    await thumb.press("Next", plate=PLATE)
    if with_estimate:
        await thumb.follow("Approve…")
        await thumb.press("I approve", name="Jan Peeters")
    await thumb.follow("Choose when you bring your vehicle")
    await thumb.press("Earliest: ")
    await thumb.press("Book")
    assert thumb.path == "/en/repair/done"
    assert thumb.taps == (MOST if with_estimate else 4)
    async with garage.unit() as session:
        assert await planning.booked_of_job(session, job.id, "drop_off") is not None
