"""What each role may do."""

import pytest

from core.house import House
from core.workshop.staff.models import ROLES
from core.workshop.staff.permissions import CORE_PERMISSIONS, SUPPORT_MAY_NOT, permissions_of


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("owner", "staff.manage", "polite.look"),
        ("planner", "jobs.edit", "staff.manage"),
        ("technician", "tasks.work", "jobs.edit"),
        ("accountant", "vehicle_presence.vat_book", "vehicle_presence.view"),
    ],
)
def test_a_role_may_do_what_its_work_needs(house: House, role: str, may: str, may_not: str) -> None:
    permissions = permissions_of(role, house.hooks, frozenset({"vehicle_presence"}))
    assert may in permissions
    assert may_not not in permissions


def test_permissions_of_a_plugin_go_with_it(house: House) -> None:
    on = permissions_of("owner", house.hooks, frozenset({"polite"}))
    off = permissions_of("owner", house.hooks, frozenset())
    assert on - off == {"polite.look"}


def test_an_unknown_role_may_do_nothing(house: House) -> None:
    assert permissions_of("boss", house.hooks, frozenset(house.hooks.manifests)) == frozenset()


def test_every_role_that_a_permission_names_exists() -> None:
    assert set().union(*CORE_PERMISSIONS.values()) <= set(ROLES)
    assert set(CORE_PERMISSIONS) >= SUPPORT_MAY_NOT
