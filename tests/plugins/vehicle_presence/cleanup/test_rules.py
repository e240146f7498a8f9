"""Rules as data: each on or off, with days, and who decides; other plugins add theirs."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from core.hooks.contributions import CleanupRule
from core.workshop.audit import repository as audit
from plugins.vehicle_presence.cleanup.models import RuleChoice
from plugins.vehicle_presence.cleanup.rules import offered_rules
from plugins.vehicle_presence.cleanup.services import change_rule
from plugins.vehicle_presence.models import Stay
from tests.garages import STAFF, Garage
from tests.hooks.listening import heard
from tests.outside_plugins import polite
from tests.outside_plugins.polite.models import Note
from tests.sweeping import (
    ARRIVED,
    NOW,
    ago,
    doubts,
    forgotten,
    let_act,
    night,
    set_thresholds,
    stay_of,
    swept,
)

DEFAULTS = {
    "delivered": (True, 3, "propose"),
    "booked_out": (True, 3, "propose"),
    "ready": (True, 3, "propose"),
    "cancelled": (True, 3, "propose"),
    "quiet": (True, 30, "propose"),
}


async def choose(garage: Garage, name: str, **wanted: Any) -> None:
    """The garage wants a rule otherwise."""
    async with garage.unit() as session:
        rule = next(each for each in await offered_rules(session) if each.name == name)
        values = {"is_on": rule.is_on, "days": rule.days, "mode": rule.mode, **wanted}
        await change_rule(session, rule, **values, actor=STAFF)


async def rules_of(garage: Garage) -> dict[str, tuple[bool, int, str]]:
    """The garage's rules."""
    async with garage.unit() as session:
        return {
            each.name: (each.is_on, each.days, each.mode) for each in await offered_rules(session)
        }


async def keys_back(garage: Garage, job_id: UUID, moment: datetime | None) -> None:
    """The polite plugin hears that a vehicle's keys were handed back."""
    async with garage.unit() as session:
        session.add(Note(text=f"keys:{job_id}:{moment.isoformat() if moment else ''}"))


async def test_a_garage_begins_with_the_usual_rules(garage: Garage) -> None:
    assert await rules_of(garage) == DEFAULTS


async def test_supports_days_count_until_the_garage_has_its_own(garage: Garage) -> None:
    await set_thresholds(garage, sweep_after_days=9)
    await choose(garage, "ready", days=4)
    rules = await rules_of(garage)
    assert (rules["delivered"][1], rules["ready"][1]) == (9, 4)


@pytest.mark.parametrize(
    ("rule", "status", "columns"),
    [
        ("delivered", "delivered", {}),
        ("booked_out", "in_progress", {"book_out_date": date(2027, 5, 1)}),
        ("ready", "ready", {}),
        ("cancelled", "cancelled", {}),
        ("quiet", "planned", {"updated_at": ago(days=60)}),
    ],
)
async def test_a_rule_that_is_off_finds_nothing(
    garage: Garage, rule: str, status: str, columns: Mapping[str, Any]
) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, status, **columns)
    await choose(garage, rule, is_on=False)
    await night(garage)
    assert (await stay_of(garage, stay_id)).left_at is None
    assert await doubts(garage) == []
    await choose(garage, rule, is_on=True)
    await night(garage, NOW + timedelta(days=1))
    assert (await stay_of(garage, stay_id)).left_at or await doubts(garage)


@pytest.mark.parametrize("chose", [False, True])
async def test_until_a_garage_chose_otherwise_it_decides_itself(
    garage: Garage, *, chose: bool
) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session)
    if chose:
        await let_act(garage)
        await choose(garage, "delivered", mode="propose")
    await night(garage)
    assert (await stay_of(garage, stay_id)).left_at is None
    assert await doubts(garage) == [(stay_id, "delivered")]


async def test_a_garage_that_once_changed_a_rule_keeps_it_as_it_stored_it(garage: Garage) -> None:
    async with garage.unit() as session:
        session.add(RuleChoice(name="booked_out", is_on=True, days=5, mode="automatic"))
    rules = await rules_of(garage)
    assert (rules["booked_out"], rules["delivered"]) == (
        (True, 5, "automatic"),
        (True, 3, "propose"),
    )


async def test_what_a_rule_that_acts_finds_later_needs_no_person_any_more(garage: Garage) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session)
    await choose(garage, "delivered", mode="propose")
    await night(garage)
    await choose(garage, "delivered", mode="automatic")
    await night(garage, NOW + timedelta(days=1))
    assert (await stay_of(garage, stay_id)).closed_by == "sweep"


async def test_a_rule_that_does_not_know_when_can_never_act(garage: Garage) -> None:
    async with garage.unit() as session:
        await forgotten(session, "ready")
    await choose(garage, "ready", mode="automatic")
    assert (await rules_of(garage))["ready"] == (True, 3, "propose")


@pytest.mark.parametrize(("threshold", "marked"), [(9, 1), (10, 0), (11, 0)])
async def test_the_garages_own_days_decide_when_the_clean_up_acts(
    garage: Garage, threshold: int, marked: int
) -> None:
    await set_thresholds(garage, sweep_after_days=threshold)
    await let_act(garage)
    async with garage.unit() as session:
        await forgotten(session)
    assert len((await swept(garage, NOW)).marked) == marked


async def test_a_change_is_in_the_log_and_no_change_is_not(garage: Garage) -> None:
    await choose(garage, "ready", days=5)
    await choose(garage, "ready", days=5)
    async with garage.unit() as session:
        entries = [each for each in await audit.newest(session) if each.subject == "rule:ready"]
        stored = list(await session.scalars(select(RuleChoice)))
    assert [each.details["after"]["days"] for each in entries] == [5]
    assert len(stored) == 1


async def test_another_garages_rules_are_its_own(garage: Garage, other_garage: Garage) -> None:
    await choose(garage, "delivered", is_on=False)
    assert await rules_of(other_garage) == DEFAULTS


async def test_another_plugins_rule_stands_among_ours_where_it_is_on(
    garage: Garage, other_garage: Garage
) -> None:
    await garage.switch("polite", on=True)
    rules = await rules_of(garage)
    assert list(rules) == ["delivered", "booked_out", "ready", "cancelled", "polite.keys", "quiet"]
    assert rules["polite.keys"] == (True, 2, "propose")
    assert "polite.keys" not in await rules_of(other_garage)


async def test_another_plugins_evidence_lets_a_vehicle_leave(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    await let_act(garage)
    async with garage.unit() as session:
        stay_id = await forgotten(session, "in_progress")
    job_id = (await stay_of(garage, stay_id)).job_id
    await keys_back(garage, job_id, ago(days=5))
    await night(garage)
    stay = await stay_of(garage, stay_id)
    assert (stay.left_at, stay.closed_by) == (ago(days=5), "sweep")
    assert (stay.evidence["rule"], stay.evidence["label"]["nl"]) == (
        "polite.keys",
        "Sleutels terug",
    )


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        (None, "polite.keys"),
        (ARRIVED - timedelta(days=1), "contradiction"),
    ],
)
async def test_without_a_possible_moment_of_the_plugin_a_person_is_asked(
    garage: Garage, moment: datetime | None, reason: str
) -> None:
    await garage.switch("polite", on=True)
    await let_act(garage)
    async with garage.unit() as session:
        stay_id = await forgotten(session, "in_progress")
    await keys_back(garage, (await stay_of(garage, stay_id)).job_id, moment)
    await night(garage)
    assert (await stay_of(garage, stay_id)).left_at is None
    assert await doubts(garage) == [(stay_id, reason)]


async def test_another_plugins_rule_acts_only_where_the_garage_chose_so(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    assert polite.RULES[0].mode == "automatic"
    async with garage.unit() as session:
        stay_id = await forgotten(session, "in_progress")
    await keys_back(garage, (await stay_of(garage, stay_id)).job_id, ago(days=5))
    await night(garage)
    assert await doubts(garage) == [(stay_id, "polite.keys")]
    await choose(garage, "polite.keys", mode="automatic")
    await night(garage, NOW + timedelta(days=1))
    assert (await stay_of(garage, stay_id)).left_at == ago(days=5)


async def test_what_the_job_says_counts_more_than_what_a_plugin_adds(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    await let_act(garage)
    async with garage.unit() as session:
        stay_id = await forgotten(session)
    await keys_back(garage, (await stay_of(garage, stay_id)).job_id, ago(days=5))
    await night(garage)
    assert (await stay_of(garage, stay_id)).left_at == ago(days=10)


async def test_a_plugins_rule_is_asked_once_for_a_whole_batch(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    async with garage.unit() as session:
        for _ in range(3):
            await forgotten(session, "in_progress")
    await night(garage)
    (call,) = heard(garage, "cleanup_rules.find")
    assert len(call["job_ids"]) == 3


async def _fails(*_arguments: Any) -> Mapping[UUID, datetime | None]:
    raise RuntimeError("no idea")


async def _naive(_session: Any, job_ids: Any, _before: datetime) -> Mapping[UUID, datetime | None]:
    return {job_id: datetime(2027, 5, 1) for job_id in job_ids}  # noqa: DTZ001 - that is the fault


@pytest.mark.parametrize("find", [_fails, _naive])
async def test_a_plugins_rule_that_fails_costs_only_itself(
    garage: Garage, monkeypatch: pytest.MonkeyPatch, find: Any
) -> None:
    await garage.switch("polite", on=True)
    rule = CleanupRule("polite.keys", {"en": "Keys"}, find, mode="automatic")
    monkeypatch.setattr(polite, "RULES", [rule])
    await let_act(garage)
    async with garage.unit() as session:
        leaving, staying = await forgotten(session), await forgotten(session, "in_progress")
    await night(garage)
    assert (await stay_of(garage, leaving)).left_at == ago(days=10)
    assert (await stay_of(garage, staying)).left_at is None


async def test_the_rules_page_saves_all_or_nothing(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    owner = await garage.staff("owner")
    path = "/desk/on-site/clean-up/rules"
    page = await owner.open(path)
    values = {
        field["name"]: field.get("value", "")
        for field in page.select("form[method=post] input[name^=rule_]")
        if field.get("type") != "checkbox" or field.has_attr("checked")
    }
    values |= {"rule_delivered_mode": "propose", "rule_booked_out_mode": "automatic"}
    values["rule_polite_keys_mode"] = "automatic"
    wrong = await owner.submit(path, {**values, "rule_quiet_days": "a few"})
    assert wrong.status_code == 422
    assert "a few" in wrong.text
    assert (await rules_of(garage))["delivered"] == DEFAULTS["delivered"]
    del values["rule_cancelled_on"]
    right = await owner.submit(path, {**values, "rule_quiet_days": "45"})
    assert right.status_code == 200
    rules = await rules_of(garage)
    assert rules["delivered"] == (True, 3, "propose")
    assert rules["cancelled"] == (False, 3, "propose")
    assert rules["quiet"] == (True, 45, "propose")


@pytest.mark.parametrize("role", ["planner", "technician", "accountant"])
async def test_only_an_owner_changes_the_rules(garage: Garage, role: str) -> None:
    browser = await garage.staff(role)
    assert (await browser.get("/desk/on-site/clean-up/rules")).status_code == 403


async def test_a_settled_question_is_not_asked_by_another_rule_before_its_pause(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        stay_id = await forgotten(session, "ready")
        await session.execute(update(Stay).where(Stay.id == stay_id).values(seen_at=ago(days=1)))
    await night(garage)
    assert await doubts(garage) == [(stay_id, "ready")]
