"""What each role of a garage may do; plugins add their own permissions."""

from functools import lru_cache

from core.hooks.manager import HookManager

CORE_PERMISSIONS: dict[str, frozenset[str]] = {
    "jobs.view": frozenset({"owner", "planner", "technician"}),
    "jobs.edit": frozenset({"owner", "planner"}),
    "tasks.work": frozenset({"owner", "planner", "technician"}),
    "photos.add": frozenset({"owner", "planner", "technician"}),
    "customers.view": frozenset({"owner", "planner"}),
    "customers.edit": frozenset({"owner", "planner"}),
    "customers.privacy": frozenset({"owner"}),
    "planning.edit": frozenset({"owner", "planner"}),
    "staff.manage": frozenset({"owner"}),
    "garage.settings": frozenset({"owner"}),
    "audit.view": frozenset({"owner"}),
}
"""Permission → the roles that have it."""

SUPPORT_MAY_NOT = frozenset({"staff.manage"})
"""Support acting inside a garage changes nobody's access."""


@lru_cache(maxsize=256)
def permissions_of(role: str, hooks: HookManager, active: frozenset[str]) -> frozenset[str]:
    """Everything a role may do in a garage with those plugins on. What plugins answer at start
    stays what it is, so each combination is worked out once."""
    own = {name for name, roles in CORE_PERMISSIONS.items() if role in roles}
    for plugin, offered in hooks.ask_all("permissions"):
        if plugin in active:
            own |= {permission.name for permission in offered if role in permission.roles}
    return frozenset(own)
