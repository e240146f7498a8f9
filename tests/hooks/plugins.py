"""Small plugins, made on the spot."""

from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any
from uuid import uuid4

from core.hooks.manifest import PluginManifest
from core.hooks.markers import hookimpl
from core.tenancy.context import TenantContext

TEXTS = {"en": "A plugin"}


def a_manifest(name: str, **changes: Any) -> PluginManifest:
    """A manifest with the least that it needs."""
    facts = {"version": "1.0", "label": TEXTS, "summary": TEXTS, "package": "tests.hooks"}
    return PluginManifest(name=name, **{**facts, **changes})


def a_plugin(
    name: str, *implementations: Callable[..., Any], requires: tuple[str, ...] = ()
) -> Any:
    """A plugin whose hooks are these functions, under their own names."""
    plugin = ModuleType(name)
    vars(plugin).update({each.__name__: hookimpl(each) for each in implementations})
    vars(plugin)["manifest"] = a_manifest(name, requires=requires)
    return plugin


def named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function like that one, under a hook's name."""
    twin = FunctionType(
        function.__code__, function.__globals__, name, function.__defaults__, function.__closure__
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    return twin


def a_garage(*active: str) -> TenantContext:
    """A garage that is in no database, with those plugins on."""
    return TenantContext(
        id=uuid4(),
        slug="somewhere",
        name="Somewhere",
        languages=("en",),
        active_plugins=frozenset(active),
    )
