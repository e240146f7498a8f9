"""Who owns which tables: core and each plugin migrate on their own."""

import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.db.base import Base
from core.errors import PluginError

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the schema with its own migrations and its own version table.

    One version table each, because with shared branch labels a plugin that is uninstalled
    would take `upgrade` away from everybody. `prefix` is None for core, which owns every
    table that no plugin's prefix claims.
    """

    name: str
    versions: Path
    version_table: str
    prefix: str | None
    foreign_prefixes: tuple[str, ...] = ()

    def owns(self, table: str) -> bool:
        """Whether a table of that name belongs to this component."""
        if self.prefix is not None:
            return table.startswith(self.prefix)
        return not table.startswith(("alembic_version", *self.foreign_prefixes))


def check_prefixes(plugins: Mapping[str, str]) -> None:
    """Make sure that every table of a plugin's package begins with the plugin's name.

    Raises:
        PluginError: naming the table; its migrations would be taken for core's.
    """
    packages = {f"{package}.": name for name, package in plugins.items()}
    for mapper in Base.registry.mappers:
        for package, name in packages.items():
            table = getattr(mapper.local_table, "name", "")
            if mapper.class_.__module__.startswith(package) and not table.startswith(f"{name}_"):
                raise PluginError(f"table {table} of plugin {name} must be named {name}_…")


def components(plugins: Iterable[tuple[str, str]]) -> list[Component]:
    """Core first, then each `(plugin name, package)` that brings migrations."""
    found: list[Component] = []
    for name, package in plugins:
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            versions = Path(place) / "migrations" / "versions"
            if versions.is_dir():
                found.append(Component(name, versions, f"alembic_version_{name}", f"{name}_"))
    core = Component(
        "core",
        ROOT / "migrations" / "versions",
        "alembic_version",
        None,
        tuple(component.prefix for component in found if component.prefix),
    )
    return [core, *found]
