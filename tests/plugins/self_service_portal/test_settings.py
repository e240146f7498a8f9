"""What a garage's owner decides about its portal, on the page that core makes of the settings."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup

from core.clock import frozen, now
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import set_task_state
from core.workshop.jobs.stages import TOLD_STAGES
from plugins.self_service_portal.settings import NAME, PortalSettings
from tests import factories
from tests.garages import STAFF, Browser, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import decide
from tests.plugins.self_service_portal.deciding import reach

PAGE = f"/desk/settings/plugins/{NAME}"
STAGES = "setting_mail_stages"


@pytest.fixture
async def owner(garage: Garage) -> Browser:
    """Who decides."""
    return await garage.staff("owner")


def as_filled(page: BeautifulSoup) -> dict[str, Any]:
    """What the form would send as it is shown."""
    found: dict[str, Any] = {}
    for field in page.select("main form [name^=setting_]"):
        if field.get("type") != "checkbox":
            found[str(field["name"])] = field.get("value", "")
        elif field.has_attr("checked"):
            found.setdefault(str(field["name"]), []).append(field["value"])
    return found


async def save(owner: Browser, **changes: Any) -> httpx.Response:
    """Change some fields of the form, and press *Save*. None unticks a box."""
    fields = {**as_filled(await owner.open(PAGE)), **changes}
    return await owner.submit(PAGE, {k: v for k, v in fields.items() if v is not None})


async def stored(garage: Garage) -> dict[str, Any]:
    """What is kept; the garage is read afresh."""
    fresh = await garage.house.directory.by_slug(garage.slug)
    assert fresh is not None
    garage.tenant = fresh
    return dict(fresh.plugin_settings[NAME])


async def test_all_but_which_entries_there_are_is_the_owners(owner: Browser) -> None:
    page = await owner.open(PAGE)
    names = {str(field["name"]) for field in page.select("main form [name^=setting_]")}
    left = {name for name in PortalSettings.model_fields if f"setting_{name}" not in names}
    assert left == {"show_estimate", "show_repair", "show_status", "show_pictures"}
    portal = await owner.open("/desk/portal")
    assert portal.select_one(f"main a[href='{PAGE}'], header a[href='{PAGE}']") is not None


async def test_an_owner_ticks_the_stages_that_are_mailed(
    garage: Garage, outbox: Outbox, owner: Browser
) -> None:
    boxes = (await owner.open(PAGE)).select(f"[name={STAGES}]")
    assert [box["value"] for box in boxes] == list(TOLD_STAGES)
    assert [box["value"] for box in boxes if box.has_attr("checked")] == ["ready"]
    await save(owner, **{STAGES: ["paint", "ready"]})
    assert (await stored(garage))["mail_stages"] == "paint, ready"
    async with garage.unit() as session:
        job = await factories.a_job(session, email="stage@customer.test", language="nl")
        paint = next(each for each in await jobs.tasks_of(session, job.id) if each.key == "paint")
        await set_task_state(session, job.id, paint.id, "finished", STAFF)
    with frozen(now() + timedelta(minutes=5)):
        await outbox.empty(garage)
    (mail,) = outbox.mails_to("stage@customer.test")
    assert mail.subject.endswith("Spuitwerk")


async def test_a_stage_that_does_not_exist_is_refused_and_the_rest_stays_filled(
    garage: Garage, owner: Browser
) -> None:
    before = await stored(garage)
    answer = await save(owner, setting_reminder_hour="7", **{STAGES: ["paint", "piant"]})
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 422
    assert page.select_one(f"#{STAGES}-error") is not None
    assert as_filled(page)["setting_reminder_hour"] == "7"
    assert as_filled(page)[STAGES] == ["paint"]
    assert await stored(garage) == before


async def test_a_stage_that_was_once_mistyped_harms_nothing_and_goes_with_the_next_change(
    garage: Garage, owner: Browser
) -> None:
    await decide(garage, mail_stages="paint redy")
    assert as_filled(await owner.open(PAGE))[STAGES] == ["paint"]
    await save(owner, setting_reminder_hour="8")
    kept = await stored(garage)
    assert (kept["mail_stages"], kept["reminder_hour"]) == ("paint", 8)


async def test_a_photo_that_the_owner_wants_none_of_is_not_asked_for(
    garage: Garage, owner: Browser
) -> None:
    await save(owner, setting_tile_odometer=None)
    customer = garage.browser()
    await reach(customer, garage, "photos")
    page = await customer.open("/en/estimate/photos")
    assert page.select_one("[data-view=vin_plate]") is not None
    assert page.select_one("[data-view=odometer]") is None
