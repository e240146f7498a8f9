"""Switching plugins for a garage."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import now
from core.errors import PluginError, Refused, UnknownTenant
from core.hooks.manager import HookManager
from core.hooks.manifest import InvalidSettings
from core.workshop.audit.models import AuditEntry
from tenants import repository
from tenants.activation import change_settings, disable, enable
from tenants.models import SupportAuditEntry
from tests.garages import SUPPORT, Garage
from tests.hooks.listening import heard
from tests.hooks.plugins import a_plugin, named
from tests.outside_plugins.polite.models import Note


async def test_a_plugin_brings_along_what_it_requires_first(garage: Garage) -> None:
    assert await garage.switch("rude", on=True) == ["polite", "rude"]
    assert {"polite", "rude"} <= garage.tenant.active_plugins


async def test_switching_off_takes_along_what_requires_it_first(garage: Garage) -> None:
    await garage.switch("rude", on=True)
    assert await garage.switch("polite", on=False) == ["rude", "polite"]
    assert not {"polite", "rude"} & garage.tenant.active_plugins


async def test_what_is_required_stays_on_when_the_other_goes(garage: Garage) -> None:
    await garage.switch("rude", on=True)
    assert await garage.switch("rude", on=False) == ["rude"]
    assert garage.tenant.has_plugin("polite")


@pytest.mark.parametrize("on", [True, False])
async def test_switching_to_what_it_is_already_changes_and_writes_nothing(
    garage: Garage, on: bool
) -> None:
    if on:
        await garage.switch("polite", on=True)
    before = await _both_logs(garage)
    assert await garage.switch("polite", on=on) == []
    assert await _both_logs(garage) == before


async def test_both_logs_say_who_switched_what_when_and_why(garage: Garage) -> None:
    await garage.switch("polite", on=True, reason="they asked by phone")
    await garage.switch("polite", on=False, reason="they asked again")
    own, supports = await _both_logs(garage)
    assert own[-2:] == [
        ("support", "Sam Support", "plugin_enabled", "plugin:polite", "they asked by phone"),
        ("support", "Sam Support", "plugin_disabled", "plugin:polite", "they asked again"),
    ]
    assert supports[-2:] == [
        ("Sam Support", "plugin.enabled", {"plugin": "polite"}, "they asked by phone"),
        ("Sam Support", "plugin.disabled", {"plugin": "polite"}, "they asked again"),
    ]


async def test_each_plugin_that_is_switched_along_has_its_own_entries(garage: Garage) -> None:
    await garage.switch("rude", on=True)
    own, supports = await _both_logs(garage)
    assert [each[3] for each in own[-2:]] == ["plugin:polite", "plugin:rude"]
    assert [each[2]["plugin"] for each in supports[-2:]] == ["polite", "rude"]


async def test_plugin_enabled_and_plugin_disabled_are_told_to_the_plugin_alone(
    garage: Garage,
) -> None:
    await garage.switch("vehicle_presence", on=False)
    await garage.switch("vehicle_presence", on=True)
    assert heard(garage, "plugin_enabled") == heard(garage, "plugin_disabled") == []
    await garage.switch("polite", on=True)
    await garage.switch("polite", on=False)
    assert (len(heard(garage, "plugin_enabled")), len(heard(garage, "plugin_disabled"))) == (1, 1)


async def test_its_callbacks_write_into_the_garage_and_its_data_stays_when_it_is_off(
    garage: Garage,
) -> None:
    await garage.switch("polite", on=True)
    await garage.switch("polite", on=False)
    async with garage.unit() as session:
        notes = [note.text for note in await session.scalars(select(Note).order_by(Note.id))]
    assert notes == ["enabled", "disabled"]


async def _fails(session: Any) -> None:
    session.add(Note(text="half of it"))
    await session.flush()
    raise RuntimeError("no licence")


@pytest.mark.parametrize("on", [True, False])
async def test_a_plugin_whose_callback_fails_is_not_switched_and_nothing_is_written(
    garage: Garage, on: bool
) -> None:
    await garage.switch("polite", on=not on)
    before = await _both_logs(garage)
    hook = "plugin_enabled" if on else "plugin_disabled"
    hooks = HookManager([a_plugin("polite", named(hook, _fails))])
    verb = enable if on else disable
    with pytest.raises(PluginError, match=f"polite failed in {hook}: RuntimeError.'no licence'"):
        await verb(
            replace(garage.house.switching, hooks=hooks), garage.slug, "polite", SUPPORT, reason="x"
        )
    fresh = await garage.house.directory.by_slug(garage.slug)
    assert fresh is not None
    assert fresh.has_plugin("polite") is not on
    assert await _both_logs(garage) == before


async def test_a_plugin_may_refuse_with_a_text_for_people(garage: Garage) -> None:
    async def plugin_enabled() -> None:
        raise Refused("Please choose a VAT book first.")

    hooks = HookManager([a_plugin("polite", plugin_enabled)])
    switching = replace(garage.house.switching, hooks=hooks)
    with pytest.raises(Refused, match="VAT book"):
        await enable(switching, garage.slug, "polite", SUPPORT, reason="x")


async def test_two_who_switch_at_once_switch_once(garage: Garage) -> None:
    results = await asyncio.gather(*(garage.switch("polite", on=True) for _ in range(4)))
    assert sorted(results) == [[], [], [], ["polite"]]
    assert len(heard(garage, "plugin_enabled")) == 1


@pytest.mark.parametrize("verb", [enable, disable])
async def test_a_plugin_that_is_not_installed_is_named(garage: Garage, verb: Any) -> None:
    with pytest.raises(PluginError, match="no plugin tyre_hotel is installed"):
        await verb(garage.house.switching, garage.slug, "tyre_hotel", SUPPORT, reason="x")


@pytest.mark.parametrize("verb", [enable, disable])
async def test_a_garage_that_does_not_exist_is_named(garage: Garage, verb: Any) -> None:
    with pytest.raises(UnknownTenant, match="there is no open garage nowhere"):
        await verb(garage.house.switching, "nowhere", "polite", SUPPORT, reason="x")


async def test_settings_are_checked_by_the_plugins_own_schema(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    with pytest.raises(InvalidSettings) as refusal:
        await change_settings(
            garage.house.switching, garage.slug, "polite", {"loudness": 11}, SUPPORT
        )
    assert refusal.value.problems == {"loudness": ("less_than_equal", {"le": 10})}


async def test_changed_settings_count_at_once_and_the_log_has_both_states(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    for loudness in (5, 7):
        await change_settings(
            garage.house.switching, garage.slug, "polite", {"loudness": loudness}, SUPPORT
        )
    fresh = await garage.house.directory.by_slug(garage.slug)
    assert fresh is not None
    assert fresh.plugin_settings["polite"]["loudness"] == 7
    _own, supports = await _both_logs(garage)
    details = supports[-1][2]
    assert (details["before"]["loudness"], details["after"]["loudness"]) == (5, 7)


async def test_settings_survive_being_switched_off_and_on(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    await change_settings(garage.house.switching, garage.slug, "polite", {"loudness": 9}, SUPPORT)
    await garage.switch("polite", on=False)
    await garage.switch("polite", on=True)
    assert garage.tenant.plugin_settings["polite"]["loudness"] == 9


async def test_a_plugin_that_was_never_on_has_no_settings_here(garage: Garage) -> None:
    with pytest.raises(PluginError, match="polite was never switched on"):
        await change_settings(garage.house.switching, garage.slug, "polite", {}, SUPPORT)


async def _both_logs(garage: Garage) -> tuple[list[Any], list[Any]]:
    """The garage's own log and support's about it, oldest first."""
    async with garage.unit() as session:
        entries = list(await session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
        own = [
            (each.actor_kind, each.actor_name, each.action, each.subject, each.reason)
            for each in entries
        ]
    async with garage.house.database.platform_unit_of_work() as session:
        supports: list[SupportAuditEntry] = [
            entry
            for entry, _slug in await repository.audit_page(session, tenant_id=garage.tenant.id)
        ]
    assert all(abs(now() - each.at) < timedelta(minutes=5) for each in (*entries, *supports))
    return own, [
        (each.actor, each.action, each.details, each.reason) for each in reversed(supports)
    ]
