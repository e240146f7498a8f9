"""Whatever a customer types comes through page, mail and calendar as it was typed."""

import secrets
from dataclasses import dataclass

from bs4 import BeautifulSoup

from core.mailbox.store import StoredMail
from core.web.words import plate_text
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from tests.factories import free_slots
from tests.garages import Browser, Garage, Outbox
from tests.naughty import NAUGHTY
from tests.plugins.self_service_portal.after_booking import file_in, invitation_in
from tests.solving import solved

HEAD = {
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Language",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What was typed, and where its mail went."""

    text: str
    email: str
    job: Job


def plain(text: str) -> str:
    """As a reader sees it: runs of white space are one space."""
    return " ".join(text.split())


async def book(browser: Browser, text: str, email: str, slot: str) -> str:
    """Answer every question with that text, as a browser sends it; the page before the end."""
    steps: dict[str, dict[str, object]] = {
        "vehicle": {"plate": f"1-{text}"[:20], "country": ""},
        "damage": {"damage": text * 3, "zones": "front"},
        "photos": {},
        "time": {"slot": slot},
        "contact": {"name": text, "email": email, "phone": ""},
    }
    token = await browser.token("/en/status")
    for step, values in steps.items():
        answer = await browser.post(f"/en/estimate/{step}", data={"csrf_token": token, **values})
        assert answer.status_code == 303, (step, text, answer.status_code)
    page = await browser.open("/en/estimate/check")
    form = {"csrf_token": token, **solved(page)}
    answer = await browser.post("/en/estimate/check", data=form)
    assert answer.status_code == 303, (text, answer.text)
    return page.get_text()


async def send_all(garage: Garage) -> tuple[list[Sent], list[str]]:
    """Book with every text; what was sent, and which texts the last page did not show."""
    async with garage.unit() as session:
        slots = [slot.isoformat() for slot in await free_slots(session)]
    sent, hidden = [], []
    for number, (text, slot) in enumerate(zip(NAUGHTY, slots, strict=False)):
        email = f"{secrets.token_hex(6)}@naughty.test"
        async with garage.browser(address=f"10.0.0.{number}") as browser:
            if plain(text) not in plain(await book(browser, text, email, slot)):
                hidden.append(text)
        async with garage.unit() as session:
            customer = await customers.by_email_and_name(session, email, text.strip())
            assert customer is not None, text
            (job,) = await jobs.of_customer(session, customer.id)
        sent.append(Sent(text, email, job))
    return sent, hidden


async def test_every_text_comes_through_as_it_was_typed(garage: Garage, outbox: Outbox) -> None:
    sent, hidden = await send_all(garage)
    while await outbox.empty(garage):
        pass
    assert hidden == []
    assert len(sent) == len(NAUGHTY)
    for each in sent:
        (mail,) = outbox.mails_to(each.email)
        assert plain(each.job.damage) == plain(each.text * 3)
        assert plain(f"Hello {each.text},") in plain(mail.text)
        assert plain(f"Hello {each.text},") in plain(BeautifulSoup(mail.html, "html.parser").text)
        assert mail.to == each.email
        assert set(mail.message.keys()) == HEAD
        assert_in_calendar(mail, each)


def assert_in_calendar(mail: StoredMail, sent: Sent) -> None:
    """The one event has the plate in its description, and nothing that was smuggled in."""
    calendar, event = file_in(mail)
    assert len(calendar.walk()) == 2
    assert event == invitation_in(mail)[2]
    assert str(event["attendee"]) == f"mailto:{sent.email}"
    shown = "".join(sign for sign in plate_text(sent.job) if sign.isprintable() or sign == "\n")
    kept = "".join(sign for sign in str(event["description"]) if sign.isprintable() or sign == "\n")
    assert plain(shown) in plain(kept)
