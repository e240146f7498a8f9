"""What an owner decides about plugins, on the page that core makes of their settings."""

import asyncio

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from core.hooks.manifest import InvalidSettings
from core.workshop.audit.models import AuditEntry
from tenants.activation import change_own_settings, change_settings
from tenants.models import SupportAuditEntry
from tests.garages import STAFF, SUPPORT, Browser, Garage

POLITE = "/desk/settings/plugins/polite"
PRESENCE = "/desk/settings/plugins/vehicle_presence"


@pytest.fixture
async def polite_garage(garage: Garage) -> Garage:
    """The outside plugin is on."""
    await garage.switch("polite", on=True)
    return garage


@pytest.fixture
async def owner(polite_garage: Garage) -> Browser:
    """Who decides."""
    return await polite_garage.staff("owner")


async def settings_of(garage: Garage, plugin: str = "polite") -> dict[str, object]:
    fresh = await garage.house.directory.by_slug(garage.slug)
    assert fresh is not None
    return dict(fresh.plugin_settings[plugin])


async def log_of(garage: Garage) -> list[AuditEntry]:
    async with garage.unit() as session:
        return list(
            await session.scalars(
                select(AuditEntry)
                .where(AuditEntry.action == "plugin_settings_changed")
                .order_by(AuditEntry.id)
            )
        )


async def test_an_outside_plugins_marked_settings_have_a_page_and_the_others_are_not_on_it(
    owner: Browser,
) -> None:
    settings = await owner.open("/desk/settings")
    assert settings.select_one(f"#plugins a[href='{POLITE}']") is not None
    page = await owner.open(POLITE)
    names = [field["name"] for field in page.select("main form [name]:not([type=hidden])")]
    assert names == ["setting_greeting", "setting_loudness"]


async def test_what_an_owner_saves_counts_at_once_and_stands_in_both_logs(
    polite_garage: Garage, owner: Browser
) -> None:
    await change_settings(
        polite_garage.house.switching, polite_garage.slug, "polite", {"shows_card": False}, SUPPORT
    )
    answer = await owner.submit(POLITE, {"setting_greeting": "Hello", "setting_loudness": "7"})
    assert "The settings of Polite are saved." in answer.text
    stored = await settings_of(polite_garage)
    assert stored == {"greeting": "Hello", "loudness": 7, "shows_card": False}
    (entry,) = await log_of(polite_garage)
    assert (entry.actor_name, entry.subject) == ("Owner Person", "plugin:polite")
    assert entry.details == {
        "before": {"greeting": "Good day", "loudness": 3},
        "after": {"greeting": "Hello", "loudness": 7},
    }
    log = await owner.open("/desk/audit")
    assert "Plugin settings changed" in log.text
    async with polite_garage.house.database.platform_unit_of_work() as session:
        seen = await session.scalar(
            select(SupportAuditEntry)
            .where(SupportAuditEntry.tenant_id == polite_garage.tenant.id)
            .order_by(SupportAuditEntry.id.desc())
            .limit(1)
        )
    assert seen is not None
    assert (seen.actor, seen.action) == ("Owner Person", "plugin.settings_changed")
    assert seen.details["after"] == {"greeting": "Hello", "loudness": 7}


async def test_a_wrong_value_is_said_at_its_field_with_the_rest_still_filled(
    polite_garage: Garage, owner: Browser
) -> None:
    answer = await owner.submit(POLITE, {"setting_greeting": "Hello", "setting_loudness": "11"})
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 422
    (said,) = page.select("#setting_loudness-error")
    assert said.get_text(strip=True) == "This must be at most 10."
    assert page.select_one("input[name=setting_greeting][value=Hello]") is not None
    assert await settings_of(polite_garage) == {}
    assert await log_of(polite_garage) == []


async def test_a_setting_that_is_supports_alone_is_not_taken_from_an_owners_form(
    polite_garage: Garage, owner: Browser
) -> None:
    forged = {"setting_greeting": "Hi", "setting_loudness": "3", "setting_shows_card": ""}
    await owner.submit(POLITE, {**forged, "shows_card": "n"})
    assert "shows_card" not in await settings_of(polite_garage)
    with pytest.raises(InvalidSettings):
        await change_own_settings(
            polite_garage.house.switching,
            polite_garage.tenant,
            "polite",
            {"shows_card": False, "loudness": 99},
            STAFF,
        )
    await change_own_settings(
        polite_garage.house.switching, polite_garage.tenant, "polite", {"shows_card": False}, STAFF
    )
    assert "shows_card" not in await settings_of(polite_garage)


async def test_undo_puts_back_what_was_changed_unless_it_was_changed_again(
    polite_garage: Garage, owner: Browser
) -> None:
    await owner.submit(POLITE, {"setting_greeting": "Hello", "setting_loudness": "7"})
    (entry,) = await log_of(polite_garage)
    undo = f"{POLITE}/undo/{entry.id}"
    await owner.submit(undo, page=POLITE)
    stored = await settings_of(polite_garage)
    assert (stored["greeting"], stored["loudness"]) == ("Good day", 3)
    answer = await owner.submit(undo, page=POLITE)
    assert answer.status_code == 409
    assert "These settings were changed again meanwhile." in answer.text


async def test_undo_of_another_garages_change_or_of_another_plugin_does_not_exist(
    polite_garage: Garage, other_garage: Garage, owner: Browser
) -> None:
    await owner.submit(POLITE, {"setting_greeting": "Hello", "setting_loudness": "7"})
    (entry,) = await log_of(polite_garage)
    answer = await owner.submit(f"{PRESENCE}/undo/{entry.id}", page=POLITE)
    assert answer.status_code == 404
    await other_garage.switch("polite", on=True)
    stranger = await other_garage.staff("owner")
    answer = await stranger.submit(f"{POLITE}/undo/{entry.id}", page=POLITE)
    assert answer.status_code == 404


async def test_saving_without_a_change_says_so_and_writes_nothing_down(
    polite_garage: Garage, owner: Browser
) -> None:
    same = {"setting_greeting": "Good day", "setting_loudness": "3"}
    answer = await owner.submit(POLITE, same)
    assert "Nothing was changed." in answer.text
    assert await log_of(polite_garage) == []


async def test_an_owner_and_support_who_save_at_the_same_moment_do_not_undo_each_other(
    polite_garage: Garage,
) -> None:
    switching, tenant = polite_garage.house.switching, polite_garage.tenant
    for loudness in range(4, 8):
        await asyncio.gather(
            change_own_settings(switching, tenant, "polite", {"loudness": loudness}, STAFF),
            change_own_settings(
                switching, tenant, "polite", {"greeting": f"Hello {loudness}"}, STAFF
            ),
        )
        stored = await settings_of(polite_garage)
        assert (stored["loudness"], stored["greeting"]) == (loudness, f"Hello {loudness}")


@pytest.mark.parametrize("role", ["planner", "technician", "accountant"])
async def test_only_who_may_change_the_garages_settings_sees_the_page(
    polite_garage: Garage, role: str
) -> None:
    browser = await polite_garage.staff(role)
    assert (await browser.get(POLITE)).status_code == 403


@pytest.mark.parametrize("plugin", ["polite", "never_heard_of"])
async def test_a_plugin_that_is_off_or_is_not_there_has_no_page_and_no_link(
    garage: Garage, plugin: str
) -> None:
    browser = await garage.staff("owner")
    answer = await browser.get(f"/desk/settings/plugins/{plugin}")
    assert answer.status_code == 404
    settings = await browser.open("/desk/settings")
    assert not settings.select(f"a[href$='/{plugin}']")


async def test_vehicle_presence_leaves_all_but_the_hour_of_the_night_to_the_owner(
    garage: Garage,
) -> None:
    owner = await garage.staff("owner")
    page = await owner.open(PRESENCE)
    names = {str(field["name"]) for field in page.select("main form [name^=setting_]")}
    assert {"setting_ask_photos", "setting_stale_after_days", "setting_undo_minutes"} <= names
    assert "setting_sweep_hour" not in names
    values = {
        str(field["name"]): str(field.get("value", "1"))
        for field in page.select("main form input[name^=setting_]:not([type=checkbox])")
    }
    chosen = {f"setting_ask_{each}": "off" for each in ("mileage", "damage", "keys")}
    await owner.submit(PRESENCE, {**values, **chosen, "setting_ask_photos": "required"})
    assert (await settings_of(garage, "vehicle_presence"))["ask_photos"] == "required"
