"""The one place where plugins are loaded by name."""

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

import structlog

from core.errors import PluginError
from core.hooks.manager import HookManager, UnmetRequirement

log = structlog.get_logger(__name__)

ENTRY_POINT_GROUP = "garagist.plugins"


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A plugin that safe mode started without, and why."""

    name: str
    reason: str


def load_plugins(
    built_in: Iterable[str], *, safe_mode: bool = False
) -> tuple[HookManager, list[BrokenPlugin]]:
    """Load the named built-in plugins, then those installed under the entry-point group.

    Outside plugins come in the order of their names, so that every process agrees.

    Raises:
        PluginError: one is broken and `safe_mode` is off; the text names it.
    """
    loaded: dict[str, Any] = {}
    broken: list[BrokenPlugin] = []

    def set_aside(name: str, error: Exception) -> None:
        if not safe_mode:
            raise PluginError(f"plugin {name} cannot be loaded: {error}") from error
        log.error("plugin.broken", plugin=name, exc_info=error)
        broken.append(BrokenPlugin(name, str(error)))

    for name in [*built_in, *_installed_outside()]:
        try:
            plugin = load_by_name(name)
            HookManager([*loaded.values(), plugin], complete=False)
        except Exception as error:  # noqa: BLE001 - a plugin may be broken in any way
            set_aside(name, error)
        else:
            loaded[name] = plugin
    while True:
        try:
            return HookManager(list(loaded.values())), broken
        except UnmetRequirement as error:
            name = next(each for each in loaded if loaded[each].manifest.name == error.plugin)
            set_aside(name, error)
            del loaded[name]


def _installed_outside() -> list[str]:
    points = entry_points(group=ENTRY_POINT_GROUP)
    return [point.value for point in sorted(points, key=lambda each: (each.name, each.value))]


def load_by_name(name: str) -> Any:
    """Import `module:attribute`."""
    module_name, _, attribute = name.partition(":")
    module = importlib.import_module(module_name)
    return getattr(module, attribute) if attribute else module
