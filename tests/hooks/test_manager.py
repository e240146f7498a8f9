"""The gate, and what a plugin that fails costs."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.errors import PluginError, Refused, UnscopedQuery
from core.hooks import manager
from core.hooks.contributions import Badge, NavigationEntry, Panel, TimelineEntry
from core.hooks.manager import FAULTS_UNTIL_OPEN, OPEN_SECONDS, HookManager, hooks
from core.hooks.markers import hookimpl
from core.tenancy.context import TenantContext, tenant_scope
from tests.hooks.plugins import a_garage, a_plugin, named

ENTRY = NavigationEntry("Somewhere", "/desk/somewhere")


def navigation() -> list[NavigationEntry]:
    """Works."""
    return [ENTRY]


def fails(hook: str) -> Callable[..., Any]:
    """An implementation that raises."""

    def implementation() -> None:
        raise RuntimeError("out of order")

    return named(hook, implementation)


def ask_navigation(manager: HookManager, tenant: TenantContext) -> list[Any]:
    """What the menu of that garage gets."""
    with tenant_scope(tenant):
        return manager.ask("navigation", tenant=tenant, language="en")


def test_only_plugins_that_are_on_are_asked_in_the_order_of_loading() -> None:
    loaded = HookManager(
        [
            a_plugin(name, named("navigation", lambda name=name: [NavigationEntry(name, "/")]))
            for name in ("zebra", "ape", "lion")
        ]
    )
    answers = ask_navigation(loaded, a_garage("ape", "zebra"))
    assert [entry.label for (entry,) in answers] == ["zebra", "ape"]


def test_nobody_is_asked_without_a_garage_in_scope() -> None:
    loaded = HookManager([a_plugin("good", navigation)])
    with pytest.raises(UnscopedQuery):
        loaded.ask("navigation", tenant=a_garage("good"), language="en")


def test_a_plugin_that_fails_costs_its_own_answer() -> None:
    loaded = HookManager([a_plugin("bad", fails("navigation")), a_plugin("good", navigation)])
    assert ask_navigation(loaded, a_garage("bad", "good")) == [[ENTRY]]


def test_a_fault_is_kept_with_its_garage_and_its_reason() -> None:
    loaded = HookManager([a_plugin("bad", fails("navigation"))])
    tenant = a_garage("bad")
    ask_navigation(loaded, tenant)
    fault = loaded.faults[tenant.id, "bad", "navigation"]
    assert (fault.count, fault.last_error) == (1, "navigation: RuntimeError('out of order')")


def lazily_failing() -> Iterator[NavigationEntry]:
    """Fails only when somebody looks at the second entry."""
    yield ENTRY
    raise RuntimeError("out of order")


NOW_SOMEWHERE = datetime(2026, 1, 1)  # noqa: DTZ001 - the fault under test
WRONG = {
    "navigation": [lambda: 7, lambda: ["a text"], lambda: [Panel("x.html")], lazily_failing],
    "home_page": [lambda: 7],
    "dashboard_cards": [lambda: [ENTRY], lambda: Panel("x.html")],
    "job_badges": [lambda: [Badge("new")], lambda: {uuid4(): Badge("new")}],
    "job_timeline": [
        lambda: [TimelineEntry("yesterday", "x")],
        lambda: [TimelineEntry(NOW_SOMEWHERE, "x")],
    ],
    "personal_data_export": [lambda: 7, lambda: ["a text"]],
}
ARGUMENTS = {
    "navigation": {"tenant": None, "language": "en"},
    "home_page": {"tenant": None, "language": "en"},
    "dashboard_cards": {"session": None, "language": "en"},
    "job_badges": {"session": None, "reading": None, "job_ids": [], "language": "en"},
    "job_timeline": {"session": None, "job_id": None, "language": "en"},
    "personal_data_export": {"session": None, "customer_id": None},
}


@pytest.mark.parametrize(
    ("hook", "wrong"), [(hook, wrong) for hook, each in WRONG.items() for wrong in each]
)
async def test_an_answer_of_the_wrong_kind_is_a_fault_of_its_plugin(
    hook: str, wrong: Callable[[], Any]
) -> None:
    loaded = HookManager([a_plugin("bad", named(hook, wrong))])
    tenant = a_garage("bad")
    with tenant_scope(tenant):
        assert await loaded.ask_async(hook, **ARGUMENTS[hook]) == []
    assert loaded.faults[tenant.id, "bad", hook].count == 1


class Clock:
    """The manager's monotonic clock, turned by hand."""

    def __init__(self) -> None:
        self.moment = 1000.0

    def monotonic(self) -> float:
        """The time."""
        return self.moment


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still until a test moves it."""
    clock = Clock()
    monkeypatch.setattr(manager, "time", clock)
    return clock


class Flaky:
    """A plugin that fails while it is told to, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = True

        def navigation() -> list[NavigationEntry]:
            self.asked += 1
            if self.fails:
                raise RuntimeError("out of order")
            return [ENTRY]

        self.plugin = a_plugin("flaky", navigation)


def test_after_five_faults_in_a_row_a_plugin_is_left_out_for_a_minute(clock: Clock) -> None:
    flaky, tenant = Flaky(), a_garage("flaky")
    loaded = HookManager([flaky.plugin])
    for _ in range(FAULTS_UNTIL_OPEN + 3):
        ask_navigation(loaded, tenant)
    clock.moment += OPEN_SECONDS - 0.1
    ask_navigation(loaded, tenant)
    assert flaky.asked == FAULTS_UNTIL_OPEN == 5


def test_after_that_minute_it_is_asked_again_and_its_success_is_a_fresh_start(
    clock: Clock,
) -> None:
    flaky, tenant = Flaky(), a_garage("flaky")
    loaded = HookManager([flaky.plugin])
    for _ in range(FAULTS_UNTIL_OPEN):
        ask_navigation(loaded, tenant)
    clock.moment += OPEN_SECONDS
    flaky.fails = False
    assert ask_navigation(loaded, tenant) == [[ENTRY]]
    assert (tenant.id, "flaky", "navigation") not in loaded.faults


def test_one_that_still_fails_after_the_minute_is_left_out_at_once(clock: Clock) -> None:
    flaky, tenant = Flaky(), a_garage("flaky")
    loaded = HookManager([flaky.plugin])
    for _ in range(FAULTS_UNTIL_OPEN):
        ask_navigation(loaded, tenant)
    clock.moment += OPEN_SECONDS
    for _ in range(3):
        ask_navigation(loaded, tenant)
    assert flaky.asked == FAULTS_UNTIL_OPEN + 1


def test_what_works_of_a_plugin_goes_on_and_hides_nothing(clock: Clock) -> None:
    asked = []

    def home_page() -> str:
        asked.append("home_page")
        raise RuntimeError("out of order")

    loaded, tenant = HookManager([a_plugin("half", navigation, home_page)]), a_garage("half")
    for _ in range(FAULTS_UNTIL_OPEN + 3):
        assert ask_navigation(loaded, tenant) == [[ENTRY]]
        with tenant_scope(tenant):
            assert loaded.ask("home_page", tenant=tenant, language="en") == []
    assert len(asked) == FAULTS_UNTIL_OPEN


def test_faults_that_are_not_in_a_row_leave_nobody_out(clock: Clock) -> None:
    flaky, tenant = Flaky(), a_garage("flaky")
    loaded = HookManager([flaky.plugin])
    for number in range(20):
        flaky.fails = number % FAULTS_UNTIL_OPEN != 0
        ask_navigation(loaded, tenant)
    assert flaky.asked == 20


def test_being_left_out_in_one_garage_changes_nothing_in_another(clock: Clock) -> None:
    flaky, unlucky, lucky = Flaky(), a_garage("flaky"), a_garage("flaky")
    loaded = HookManager([flaky.plugin, a_plugin("good", navigation)])
    for _ in range(FAULTS_UNTIL_OPEN):
        ask_navigation(loaded, unlucky)
    flaky.fails = False
    assert ask_navigation(loaded, unlucky) == []
    assert ask_navigation(loaded, lucky) == [[ENTRY]]


async def test_a_refusal_of_the_shop_passes_through_and_is_no_fault() -> None:
    async def appointment_booked(appointment_id: UUID) -> None:
        raise Refused("Not on a Sunday.")

    loaded = HookManager([a_plugin("strict", appointment_booked)])
    with tenant_scope(a_garage("strict")), pytest.raises(Refused, match="Not on a Sunday"):
        await loaded.ask_async(
            "appointment_booked", session=None, appointment_id=uuid4(), tell_customer=True
        )
    assert not loaded.faults


async def hangs() -> None:
    """Waits for something that does not come."""
    await asyncio.sleep(60)


async def test_a_plugin_that_hangs_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "LONGEST_SECONDS", 0.05)
    panel = Panel("good/card.html")
    loaded = HookManager(
        [
            a_plugin("slow", named("dashboard_cards", hangs)),
            a_plugin("good", named("dashboard_cards", lambda: [panel])),
        ]
    )
    tenant = a_garage("slow", "good")
    with tenant_scope(tenant):
        answers = await loaded.ask_async("dashboard_cards", session=None, language="en")
    assert answers == [[panel]]
    assert "TimeoutError" in loaded.faults[tenant.id, "slow", "dashboard_cards"].last_error


async def test_where_nobody_waits_for_a_page_a_plugin_may_take_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def personal_data_export() -> dict[str, str]:
        await asyncio.sleep(0.1)
        return {"all": "of it"}

    monkeypatch.setattr(manager, "LONGEST_SECONDS", 0.01)
    loaded = HookManager([a_plugin("slow", personal_data_export)])
    with tenant_scope(a_garage("slow")):
        answers = await loaded.ask_by_plugin(
            "personal_data_export", session=None, customer_id=uuid4()
        )
    assert answers == {"slow": {"all": "of it"}}


async def test_switching_asks_one_plugin_past_the_gate_and_hears_of_its_failure() -> None:
    loaded = HookManager([a_plugin("bad", fails("plugin_enabled")), a_plugin("good", navigation)])
    with tenant_scope(a_garage()):
        assert await loaded.ask_plugin("good", "plugin_enabled", session=None, tenant=None) is None
        with pytest.raises(RuntimeError, match="out of order"):
            await loaded.ask_plugin("bad", "plugin_enabled", session=None, tenant=None)


def test_a_failure_at_start_stops_the_start() -> None:
    loaded = HookManager([a_plugin("bad", fails("effects"))])
    with pytest.raises(RuntimeError, match="out of order"):
        list(loaded.ask_all("effects"))


def test_before_the_composition_root_there_are_no_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "_installed", [])
    with pytest.raises(PluginError, match="composition root"):
        hooks()


def test_an_implementation_that_would_pass_the_gate_by_specname_is_refused() -> None:
    plugin = a_plugin("sly")
    plugin.my_menu = hookimpl(specname="navigation")(named("my_menu", lambda: [ENTRY]))
    with pytest.raises(PluginError, match=r"sly\.my_menu: `specname` would pass the gate"):
        HookManager([plugin])
