"""What tests about times share: a customer who has answered all but the time, and more."""

from collections.abc import Sequence
from datetime import datetime

from bs4 import BeautifulSoup
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.audit.services import CUSTOMER
from core.workshop.jobs.models import Job
from core.workshop.locations import repository as locations
from core.workshop.planning.services import book
from tests.factories import a_job, a_plate
from tests.garages import Browser, Garage

PLATE = "1-ABC-123"
CONTACT = {"name": "Noor Peeters", "email": "noor@customer.test", "phone": ""}


async def at_the_time(garage: Garage, *, plate: str = PLATE, address: str = "127.0.0.1") -> Browser:
    """A customer who is asked for a time for an estimate."""
    browser = garage.browser(address=address)
    await browser.submit("/en/estimate/vehicle", {"plate": plate, "country": "BE"})
    await browser.submit("/en/estimate/damage", {"damage": "A long scratch"})
    await browser.submit("/en/estimate/photos")
    return browser


async def at_the_check(
    garage: Garage, slot: datetime, *, address: str = "127.0.0.1", email: str = CONTACT["email"]
) -> Browser:
    """A customer who has chosen a time, and only has to send it."""
    browser = await at_the_time(garage, address=address)
    await browser.submit("/en/estimate/time", {"slot": slot.isoformat()})
    await browser.submit("/en/estimate/contact", {**CONTACT, "email": email})
    return browser


async def with_a_job(garage: Garage, job: Job) -> Browser:
    """A customer who has identified with plate and job number to bring the vehicle."""
    browser = garage.browser()
    values = {"plate": job.plate, "number": job.public_number}
    await browser.submit("/en/repair", values)
    return browser


async def rule(garage: Garage, kind: str, **rules: int) -> None:
    """How that garage gives out appointments of a kind."""
    async with garage.unit() as session:
        location = await locations.first(session)
        location.appointment_rules = {**location.appointment_rules, kind: rules}


async def take(session: AsyncSession, kind: str, slots: Sequence[datetime]) -> None:
    """Somebody else books these."""
    for slot in slots:
        job = await a_job(session, plate=a_plate(), email=None)
        await book(session, job.id, kind, slot, CUSTOMER)


def radios(soup: BeautifulSoup) -> list[str]:
    """The times that a page lets choose, in order."""
    return [str(radio["value"]) for radio in soup.select("input[type=radio][name=slot]")]


def one_tap(soup: BeautifulSoup) -> str:
    """The time that one tap takes."""
    button = soup.select_one("button[name=take]")
    assert button is not None
    return str(button["value"])
