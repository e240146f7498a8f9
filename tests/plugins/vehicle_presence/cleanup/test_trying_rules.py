"""What would happen now: rules are tried on their page before anybody saves them."""

from collections.abc import AsyncIterator, Mapping

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select

from core.clock import now
from core.workshop.audit.models import AuditEntry
from core.workshop.jobs.models import Job, JobEvent
from plugins.vehicle_presence.cleanup import pages
from plugins.vehicle_presence.cleanup.models import CleanupRun, RuleChoice
from plugins.vehicle_presence.cleanup.sweep import look
from plugins.vehicle_presence.models import Doubt, Stay
from tests.garages import Browser, Garage
from tests.statements import counted
from tests.sweeping import let_act, many_forgotten

RULES = "/desk/on-site/clean-up/rules"


@pytest.fixture
async def owner(garage: Garage) -> AsyncIterator[Browser]:
    """The owner at the desk."""
    browser = await garage.staff("owner")
    yield browser
    await browser.aclose()


async def tried(
    browser: Browser, status: int = 200, button: str = "try", **typed: str
) -> BeautifulSoup:
    """The page after a press on the button, with what else was typed into its form."""
    page = await browser.open(RULES)
    values: dict[str, object] = {
        str(field["name"]): field.get("value", "")
        for field in page.select("form[method=post] input[name^=rule_]")
        if field.get("type") != "checkbox" or field.has_attr("checked")
    }
    for select_ in page.select("form[method=post] select[name^=rule_]"):
        chosen = select_.select_one("option[selected]") or select_.select_one("option")
        assert chosen is not None
        values[str(select_["name"])] = chosen["value"]
    answer = await browser.submit(RULES, {**values, **typed, button: "yes"}, page=RULES)
    assert answer.status_code == status
    return BeautifulSoup(answer.text, "html.parser")


def said(page: BeautifulSoup) -> list[str]:
    """The headings of what would happen, and what each row is about."""
    section = page.select_one("section[aria-labelledby=now]")
    return [each.text.strip() for each in section.select("h3")] if section else []


async def counts(garage: Garage) -> Mapping[str, int]:
    """How many rows there are of everything that a clean-up writes."""
    tables = (Doubt, RuleChoice, CleanupRun, AuditEntry, JobEvent)
    async with garage.unit() as session:
        found = {
            table.__name__: await session.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }
        left = select(func.count()).select_from(Stay).where(Stay.left_at.is_not(None))
        return {**found, "left": await session.scalar(left) or 0}


async def test_it_says_what_the_night_would_do_and_writes_nothing(
    garage: Garage, owner: Browser
) -> None:
    await let_act(garage)
    await many_forgotten(garage, 2, at=now())
    await many_forgotten(garage, 1, at=now(), status="ready")
    await owner.open(RULES)
    before = await counts(garage)
    page = await tried(owner)
    async with garage.unit() as session:
        report = await look(session)
    assert said(page) == [
        "2 vehicles would be noted as off site",
        "A person would be asked about 1 vehicle",
    ]
    assert (len(report.marked), len(report.doubtful)) == (2, 1)
    assert "the job was delivered or invoiced on" in page.text
    assert "The work is done, but nobody noted a collection." in page.text
    assert "Nothing says when it left." in page.text
    assert len(page.select("section[aria-labelledby=now] tbody tr")) == 3
    assert await counts(garage) == before


async def test_rules_are_tried_as_they_are_typed_and_stay_typed(
    garage: Garage, owner: Browser
) -> None:
    await many_forgotten(garage, 1, at=now())
    assert said(await tried(owner)) == ["A person would be asked about 1 vehicle"]
    page = await tried(owner, rule_delivered_mode="automatic", rule_ready_days="77")
    assert said(page) == ["1 vehicle would be noted as off site"]
    field = page.select_one("input[name=rule_ready_days]")
    assert field is not None
    assert field["value"] == "77"
    assert said(await tried(owner, rule_delivered_days="11")) == []
    async with garage.unit() as session:
        assert list(await session.scalars(select(RuleChoice))) == []


async def test_where_no_rule_applies_the_page_says_so(garage: Garage, owner: Browser) -> None:
    assert "Nothing would happen" in (await tried(owner)).text
    assert "What would happen now" not in str((await owner.open(RULES)).select("h2"))


async def test_days_that_are_no_number_are_not_tried(garage: Garage, owner: Browser) -> None:
    await many_forgotten(garage, 1, at=now())
    page = await tried(owner, 422, rule_quiet_days="a few")
    assert said(page) == []
    assert "a few" in str(page)


async def test_only_the_first_are_looked_at_and_shown_and_the_page_says_so(
    garage: Garage, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_TRIED", 5)
    monkeypatch.setattr(pages, "SHOWN_TRIED", 2)
    await many_forgotten(garage, 7, at=now())
    page = await tried(owner)
    assert said(page) == ["A person would be asked about 5 vehicles"]
    assert "Only the 5 vehicles that are in longest were looked at." in page.text
    assert "The first 2 are shown." in page.text
    assert len(page.select("section[aria-labelledby=now] tbody tr")) == 2


async def test_it_costs_as_much_for_many_as_for_few(garage: Garage, owner: Browser) -> None:
    sent = []
    for more in (1, 30):
        await many_forgotten(garage, more, at=now())
        await tried(owner)
        with counted(garage.house) as statements:
            await tried(owner)
        sent.append(len(statements))
    assert sent[0] == sent[1]


async def test_another_garages_vehicles_are_not_looked_at(
    garage: Garage, other_garage: Garage, owner: Browser
) -> None:
    await many_forgotten(other_garage, 2, at=now())
    assert said(await tried(owner)) == []


async def test_a_look_that_stops_says_whether_that_was_all(garage: Garage) -> None:
    await many_forgotten(garage, 4, at=now())
    async with garage.unit() as session:
        looks = [await look(session, most=most) for most in (3, 4, 5, None)]
        longest = await session.scalar(
            select(Job.id).join(Stay, Stay.job_id == Job.id).order_by(Stay.arrived_at, Stay.id)
        )
    assert [(each.looked_at, each.is_whole) for each in looks] == [
        (3, False),
        (4, True),
        (4, True),
        (4, True),
    ]
    assert looks[0].doubtful[0].candidate.job_id == longest


async def test_the_clean_ups_page_leads_the_owner_to_the_choice_until_it_is_made(
    garage: Garage, owner: Browser
) -> None:
    planner = await garage.staff("planner")
    home = "/desk/on-site/clean-up"
    notice = "It notes no exit by itself"
    page = await owner.open(home)
    assert notice in page.text
    assert page.select_one(f'.note a[href="{RULES}"]') is not None
    told = await planner.open(home)
    assert notice in told.text
    assert told.select_one(f'.note a[href="{RULES}"]') is None
    await tried(owner, button="save", rule_booked_out_mode="automatic")
    assert notice not in (await owner.open(home)).text
