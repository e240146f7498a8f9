"""Whatever a customer types comes through page, mail and calendar as it was typed."""

import csv
import io
import secrets
from dataclasses import dataclass
from datetime import timedelta

from bs4 import BeautifulSoup

from core.clock import now
from core.mailbox.store import StoredMail
from core.web.words import plate_text
from core.workshop.csv_lines import unescaped
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from plugins.self_service_portal.look import QUESTIONS
from tests.factories import free_slots
from tests.garages import Browser, Garage, Outbox
from tests.naughty import NAUGHTY
from tests.plugins.self_service_portal.after_booking import file_in, invitation_in
from tests.plugins.self_service_portal.deciding import decide
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


SMUGGLED = "main :is(script:not([src^='/static/']), svg[onload], img[onerror], [style])"
"""What none of our pages has."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was typed, where its mail went, and what the browser was shown: the page before the
    end, the end, and the status of the repair."""

    text: str
    email: str
    job: Job
    pages: tuple[BeautifulSoup, ...]


def plain(text: str) -> str:
    """As a reader sees it: runs of white space are one space."""
    return " ".join(text.split())


def is_shown(text: str, page: BeautifulSoup) -> bool:
    """Whether somebody who looks at the page reads it."""
    return any(plain(text) in plain(page.get_text(lines)) for lines in ("", "\n"))


async def book(browser: Browser, text: str, email: str, slot: str) -> tuple[BeautifulSoup, ...]:
    """Answer every question with that text, as a browser sends it; the pages from the last one
    with answers on."""
    contact = {"name": text, "email": email, "phone": text[:40], "courtesy_car": "yes"}
    steps: dict[str, dict[str, object]] = {
        "vehicle": {"plate": f"1-{text}"[:20], "country": "", "mileage": "12 345 km"},
        "damage": {"damage": text * 3, "zones": "front"},
        "photos": {},
        "time": {"slot": slot},
        "contact": {**contact, "insurer": text, "claim_number": text[:60]},
    }
    token = await browser.token("/en/status")
    for step, values in steps.items():
        answer = await browser.post(f"/en/estimate/{step}", data={"csrf_token": token, **values})
        assert answer.status_code == 303, (step, text, answer.status_code)
    page = await browser.open("/en/estimate/check")
    form = {"csrf_token": token, **solved(page)}
    answer = await browser.post("/en/estimate/check", data=form)
    assert answer.status_code == 303, (text, answer.text)
    return (page, *[await browser.open(path) for path in ("/en/estimate/done", "/en/status/job")])


async def send_all(garage: Garage) -> list[Sent]:
    """Book with every text."""
    await decide(garage, **dict.fromkeys(QUESTIONS, "required"))
    async with garage.unit() as session:
        slots = [slot.isoformat() for slot in await free_slots(session)]
    sent = []
    for number, (text, slot) in enumerate(zip(NAUGHTY, slots, strict=False)):
        email = f"{secrets.token_hex(6)}@naughty.test"
        async with garage.browser(address=f"10.0.0.{number}") as browser:
            pages = await book(browser, text, email, slot)
        async with garage.unit() as session:
            customer = await customers.by_email_and_name(session, email, text.strip())
            assert customer is not None, text
            (job,) = await jobs.of_customer(session, customer.id)
        sent.append(Sent(text, email, job, pages))
    return sent


async def table(owner: Browser, name: str) -> list[dict[str, str]]:
    """A file for spreadsheets as one opens it: heads → cells, without what keeps it from being
    run."""
    days = f"from={now().date()}&until={now().date() + timedelta(days=100)}"
    answer = await owner.get(f"/desk/exports/{name}.csv?{days}")
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@"}]
    return [dict(zip(rows[0], map(unescaped, row), strict=True)) for row in rows[1:]]


async def test_every_text_comes_through_as_it_was_typed(garage: Garage, outbox: Outbox) -> None:
    sent = await send_all(garage)
    while await outbox.empty(garage):
        pass
    assert len(sent) == len(NAUGHTY)
    await assert_on_pages(garage, sent)
    await assert_in_tables(garage, sent)
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


async def assert_on_pages(garage: Garage, sent: list[Sent]) -> None:
    """The customer reads it on the last page, the desk on the job card; nothing is markup."""
    owner = await garage.staff("owner")
    for each in sent:
        check, done, status = each.pages
        card = await owner.open(f"/desk/jobs/{each.job.id}")
        assert is_shown(each.email, done), each.text
        assert is_shown(plate_text(each.job), status), each.text
        for page in (check, card):
            for text in (each.text, each.text * 3, each.text[:40], each.text[:60]):
                assert is_shown(text, page), each.text
            assert "12345" in "".join(filter(str.isdigit, page.get_text())), each.text
        for page in (*each.pages, card):
            assert not page.select(SMUGGLED), each.text


async def assert_in_tables(garage: Garage, sent: list[Sent]) -> None:
    """Each cell of both files is what was typed."""
    owner = await garage.staff("owner")
    jobs_, appointments = await table(owner, "jobs"), await table(owner, "appointments")
    for rows, more in ((jobs_, ("Insurer", "Claim number")), (appointments, ())):
        by_email = {row["E-mail address"]: row for row in rows}
        for each in sent:
            row = by_email[each.email]
            expected = {"Customer": each.text, "Phone": each.text[:40], "Damage": each.text * 3}
            insured = {"Insurer": each.text, "Claim number": each.text[:60]}
            expected |= {name: insured[name] for name in more}
            found = {name: plain(row[name]) for name in expected}
            assert found == {name: plain(text) for name, text in expected.items()}
