"""Garages whose owner lets the clean-up act."""

import pytest

from tests.garages import Garage
from tests.sweeping import let_act


@pytest.fixture
async def acting(garage: Garage) -> None:
    """The garage chose that what is evidenced is noted without a person."""
    await let_act(garage)
