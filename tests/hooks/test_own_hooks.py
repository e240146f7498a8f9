"""Hooks that a plugin specifies itself, so that others may extend it."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pluggy
import pytest

from core.errors import PluginError
from core.hooks.contributions import Badge
from core.hooks.manager import HookManager
from core.hooks.markers import hookimpl, hookspec
from core.tenancy.context import tenant_scope
from tests.hooks.plugins import a_garage, a_plugin


def host_marks(job_ids: Sequence[int]) -> Sequence[Badge]:  # type: ignore[empty-body]
    """Marks for a page of jobs."""


def other_marks() -> None:
    """Under another plugin's name."""


def a_host(name: str, *specs: Any) -> Any:
    """A plugin that specifies hooks."""
    plugin, module = a_plugin(name), ModuleType(f"{name}_hooks")
    vars(module).update({spec.__name__: hookspec(spec) for spec in specs})
    vars(plugin)["hookspecs"] = module
    return plugin


def a_guest(name: str, answer: Any, hook: str = "host_marks") -> Any:
    """A plugin that implements another one's hook."""
    plugin = a_plugin(name)

    def implementation(job_ids: Sequence[int]) -> Any:
        return answer(job_ids)

    implementation.__name__ = hook
    vars(plugin)[hook] = hookimpl(optionalhook=True)(implementation)
    return plugin


def ask(manager: HookManager, *active: str) -> list[Any]:
    with tenant_scope(a_garage(*active)):
        return manager.ask("host_marks", job_ids=[1, 2])


@pytest.mark.parametrize("host_first", [True, False])
def test_guests_are_asked_where_they_are_on_whoever_is_loaded_first(host_first: bool) -> None:
    guest = a_guest("guest", lambda ids: (Badge(str(each)) for each in ids))
    plugins = [a_host("host", host_marks), guest]
    manager = HookManager(plugins if host_first else plugins[::-1])
    assert ask(manager, "host", "guest") == [[Badge("1"), Badge("2")]]
    assert ask(manager, "host") == []


def test_a_wrong_answer_costs_its_own_contribution() -> None:
    good = a_guest("good", lambda _ids: [Badge("fine")])
    bad = a_guest("bad", lambda _ids: ["no badge"])
    manager = HookManager([a_host("host", host_marks), bad, good])
    assert ask(manager, "host", "bad", "good") == [[Badge("fine")]]


def test_a_guest_loads_where_the_host_is_not_installed() -> None:
    manager = HookManager([a_guest("guest", lambda _ids: [])])
    assert set(manager.manifests) == {"guest"}


def test_a_guest_that_does_not_say_so_does_not_load_without_its_host() -> None:
    plugin = a_plugin("guest", host_marks)
    with pytest.raises(pluggy.PluginValidationError):
        HookManager([plugin])


def test_a_hook_begins_with_the_name_of_its_plugin() -> None:
    with pytest.raises(PluginError, match="must begin with host_"):
        HookManager([a_host("host", other_marks)])
