"""What the polite plugin heard from a garage."""

from typing import Any

from tests.garages import Garage
from tests.outside_plugins.polite import calls


def heard(garage: Garage, hook: str) -> list[dict[str, Any]]:
    """The arguments of every call of that hook for that garage, oldest first."""
    return [arguments for name, slug, arguments in calls if (name, slug) == (hook, garage.slug)]
