"""The one place where plugins are loaded by name."""

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

import structlog

from core.errors import PluginError
from core.hooks.manager import HookManager

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
    names = list(built_in)
    names += [
        point.value
        for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name)
    ]
    plugins: list[Any] = []
    broken: list[BrokenPlugin] = []
    for name in names:
        try:
            plugin = load_by_name(name)
            HookManager([*plugins, plugin])
        except Exception as error:
            if not safe_mode:
                raise PluginError(f"plugin {name} cannot be loaded: {error}") from error
            log.exception("plugin.broken", plugin=name)
            broken.append(BrokenPlugin(name, str(error)))
        else:
            plugins.append(plugin)
    return HookManager(plugins), broken


def load_by_name(name: str) -> Any:
    """Import `module:attribute`."""
    module_name, _, attribute = name.partition(":")
    module = importlib.import_module(module_name)
    return getattr(module, attribute) if attribute else module
