"""What hooks that are asked once, at start, contribute: there where the plugin is on, only."""

import pytest
from redis.asyncio import Redis
from sqlalchemy import select

from core.background.fan_out import due_tasks
from core.background.process import Doors
from core.house import House
from tests.garages import Garage, Outbox
from tests.outside_plugins.polite import ask_for_everything
from tests.outside_plugins.polite.models import Note


@pytest.mark.parametrize("role", ["owner", "technician"])
async def test_routes_and_their_permission_work_where_the_plugin_is_on(
    garage: Garage, role: str
) -> None:
    await garage.switch("polite", on=True)
    browser = await garage.staff(role)
    page = await browser.open("/desk/polite")
    assert "Polite page" in page.h1.text
    assert page.select_one('nav a[href="/desk/polite"]') is not None


async def test_a_role_without_the_plugins_permission_is_refused(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    browser = await garage.staff("planner")
    assert (await browser.get("/desk/polite")).status_code == 403
    assert "Polite page" not in (await browser.open("/desk")).text


@pytest.mark.parametrize("path", ["/desk/polite", "/desk/polite/unguarded", "/desk/polite/none"])
async def test_routes_do_not_exist_where_the_plugin_is_off(garage: Garage, path: str) -> None:
    browser = await garage.staff("owner")
    assert (await browser.get(path)).status_code == 404


async def test_a_route_without_any_guard_is_behind_the_gate(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    async with garage.browser() as browser:
        assert (await browser.get("/desk/polite/unguarded")).text == garage.slug
        await garage.switch("polite", on=False)
        assert (await browser.get("/desk/polite/unguarded")).status_code == 404


async def test_an_effect_and_a_mail_happen_where_the_plugin_is_on(
    garage: Garage, outbox: Outbox
) -> None:
    await garage.switch("polite", on=True)
    to = f"kind@{garage.slug}.test"
    async with garage.unit() as session:
        await ask_for_everything(session, "tea", to, "once")
    await outbox.empty(garage)
    (mail,) = outbox.mails_to(to)
    assert "tea" in mail.text
    assert await _notes(garage) == ["enabled", "effect:tea"]


async def test_what_waits_in_the_outbox_is_dropped_when_the_plugin_is_switched_off(
    garage: Garage, outbox: Outbox
) -> None:
    await garage.switch("polite", on=True)
    to = f"late@{garage.slug}.test"
    async with garage.unit() as session:
        await ask_for_everything(session, "tea", to, "once")
    await garage.switch("polite", on=False)
    await outbox.empty(garage)
    assert outbox.mails_to(to) == []
    assert await _notes(garage) == ["enabled", "disabled"]


async def test_scheduled_tasks_are_due_where_the_plugin_is_on(
    house: House, outbox: Outbox, garage: Garage, other_garage: Garage
) -> None:
    await garage.switch("polite", on=True)
    redis = Redis.from_url(house.settings.redis_url)
    due = await due_tasks(Doors(house.worker_resources, outbox.effects, redis))
    await redis.aclose()
    ticking = {each.tenant_id for each in due if each.task == "polite.tick"}
    assert garage.tenant.id in ticking
    assert other_garage.tenant.id not in ticking


async def _notes(garage: Garage) -> list[str]:
    async with garage.unit() as session:
        return [note.text for note in await session.scalars(select(Note).order_by(Note.id))]
