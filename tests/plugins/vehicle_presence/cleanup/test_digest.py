"""The mail in the morning after a night with results."""

from datetime import timedelta

import pytest

from core.clock import frozen, now
from core.workshop.staff import repository as staff
from plugins.vehicle_presence.cleanup import digest, repository, services
from plugins.vehicle_presence.services import still_here
from tests.garages import STAFF, Garage, Outbox
from tests.sweeping import many_forgotten, night

pytestmark = pytest.mark.usefixtures("acting")
HOME = "/desk/on-site/clean-up"


def owner_of(garage: Garage) -> str:
    """The address of the owner that a garage begins with."""
    return f"olga@{garage.slug}.test"


async def mail_of(garage: Garage, outbox: Outbox, to: str) -> object:
    """The only mail about a clean-up to that address, if there is one."""
    await outbox.empty(garage)
    found = [each for each in outbox.mails_to(to) if "/desk/on-site/clean-up" in each.text]
    assert len(found) <= 1
    return found[0] if found else None


async def a_night(garage: Garage, *, leaving: int = 0, asking: int = 0) -> None:
    """A night that notes and asks about so many."""
    if leaving:
        await many_forgotten(garage, leaving, at=now())
    if asking:
        await many_forgotten(garage, asking, at=now(), status="ready")
    await night(garage, now())


async def speak(garage: Garage, language: str) -> None:
    """The owner reads that language."""
    async with garage.unit() as session:
        member = await staff.by_email(session, owner_of(garage))
        assert member is not None
        member.language = language


@pytest.mark.parametrize(
    ("language", "subject", "text"),
    [
        ("en", "Clean-up: 2 off site, 1 to decide", "Waits for a person:"),
        ("nl", "Opruiming: 2 vertrokken, 1 te beslissen", "Wacht op een persoon:"),
        ("fr", "Nettoyage\u202f: 2 sortis, 1 à décider", "Attend une personne\u202f:"),
        ("de", "Bereinigung: 2 abgeholt, 1 zu entscheiden", "Wartet auf einen Menschen:"),
    ],
)
async def test_the_owner_reads_what_happened_in_their_language(
    garage: Garage, outbox: Outbox, language: str, subject: str, text: str
) -> None:
    await speak(garage, language)
    await a_night(garage, leaving=2, asking=1)
    mail = await mail_of(garage, outbox, owner_of(garage))
    assert mail is not None
    assert mail.message["Subject"] == subject  # type: ignore[attr-defined]
    assert text in mail.text  # type: ignore[attr-defined]
    assert f"{HOME}#lately" in mail.text  # type: ignore[attr-defined]


async def test_an_empty_night_sends_nothing(garage: Garage, outbox: Outbox) -> None:
    await a_night(garage)
    assert await mail_of(garage, outbox, owner_of(garage)) is None


async def test_what_waits_since_yesterday_sends_nothing_more(
    garage: Garage, outbox: Outbox
) -> None:
    await a_night(garage, asking=1)
    assert await mail_of(garage, outbox, owner_of(garage)) is not None
    await night(garage, now() + timedelta(days=1))
    await mail_of(garage, outbox, owner_of(garage))


async def test_what_was_dealt_with_before_the_mail_was_written_sends_nothing(
    garage: Garage, outbox: Outbox
) -> None:
    await a_night(garage, leaving=1, asking=1)
    async with garage.unit() as session:
        (run,) = await repository.recent_runs(session)
        await services.take_back(session, run.id, STAFF)
        (row,) = await repository.proposals(session)
        await still_here(session, row.doubt_id, STAFF)
    assert await mail_of(garage, outbox, owner_of(garage)) is None


@pytest.mark.parametrize(
    ("role", "is_wanted", "gets_it"),
    [
        ("planner", None, False),
        ("planner", True, True),
        ("owner", None, True),
        ("owner", False, False),
        ("technician", True, False),
    ],
)
async def test_who_gets_it_is_their_own_choice(
    garage: Garage, outbox: Outbox, role: str, is_wanted: bool | None, gets_it: bool
) -> None:
    to = f"{role}-2@{garage.slug}.test"
    await garage.add_staff(role, to)
    if is_wanted is not None:
        async with garage.unit() as session:
            member = await staff.by_email(session, to)
            assert member is not None
            await digest.choose(session, member.id, is_wanted=is_wanted)
    await a_night(garage, leaving=1)
    assert (await mail_of(garage, outbox, to) is not None) == gets_it


async def test_who_was_locked_out_gets_no_mail(garage: Garage, outbox: Outbox) -> None:
    to = f"gone@{garage.slug}.test"
    await garage.add_staff("owner", to)
    async with garage.unit() as session:
        member = await staff.by_email(session, to)
        assert member is not None
        member.is_active = False
    await a_night(garage, leaving=1)
    assert await mail_of(garage, outbox, to) is None


async def test_a_planner_switches_it_on_and_off_on_the_page(garage: Garage, outbox: Outbox) -> None:
    browser = await garage.staff("planner")
    assert "You do not get it" in (await browser.open(HOME)).text
    answer = await browser.submit(f"{HOME}/mail", {"wanted": "yes"}, page=HOME)
    assert "You get the mail." in answer.text
    await a_night(garage, leaving=1)
    assert await mail_of(garage, outbox, f"planner@{garage.slug}.test") is not None
    answer = await browser.submit(f"{HOME}/mail", {}, page=HOME)
    assert "You do not get it" in answer.text


@pytest.mark.parametrize("role", ["technician"])
async def test_whom_it_is_not_for_cannot_choose_it(garage: Garage, role: str) -> None:
    browser = await garage.staff(role)
    page = await browser.open(HOME)
    assert page.select_one("#mail") is None
    answer = await browser.submit(f"{HOME}/mail", {"wanted": "yes"}, page="/desk")
    assert answer.status_code == 404


async def test_a_night_in_several_parts_sends_one_mail(garage: Garage, outbox: Outbox) -> None:
    with frozen(now()):
        await a_night(garage, leaving=230)
    mail = await mail_of(garage, outbox, owner_of(garage))
    assert mail is not None
    assert "and 210 more" in mail.text  # type: ignore[attr-defined]
