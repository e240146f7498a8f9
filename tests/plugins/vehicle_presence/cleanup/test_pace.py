"""How many vehicles a part takes follows how long it held what others may want."""

from uuid import uuid4

import pytest

from core.clock import frozen
from plugins.vehicle_presence import repository
from plugins.vehicle_presence.cleanup import sweep
from plugins.vehicle_presence.cleanup.pace import AIM_SECONDS, FEWEST, MOST, Paces
from tests.garages import Garage
from tests.sweeping import NOW, many_forgotten, swept

GARAGE, OTHER = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("before", "locked", "seconds", "following"),
    [
        (FEWEST, FEWEST, AIM_SECONDS, FEWEST),
        (FEWEST, FEWEST, AIM_SECONDS / 1.5, 150),
        (FEWEST, FEWEST, AIM_SECONDS / 100, 2 * FEWEST),  # no faster than twice
        (FEWEST, FEWEST, 100 * AIM_SECONDS, FEWEST),
        (200, 200, AIM_SECONDS / 0.8, 160),
        (200, 150, AIM_SECONDS / 0.8, 160),  # the others were asked about
        (200, 100, AIM_SECONDS / 4, 200),  # too few to know what more would take
        (200, 20, AIM_SECONDS / 0.8, 160),
        (200, 0, AIM_SECONDS / 4, 200),
    ],
)
def test_the_next_part_is_as_large_as_the_last_one_was_fast(
    before: int, locked: int, seconds: float, following: int
) -> None:
    paces = Paces()
    paces.note(GARAGE, FEWEST, AIM_SECONDS / (before / FEWEST))
    assert paces.size(GARAGE) == before
    paces.note(GARAGE, locked, seconds)
    assert paces.size(GARAGE) == following
    assert paces.size(OTHER) == FEWEST


def test_it_never_grows_beyond_the_most_and_begins_anew_after_the_end() -> None:
    paces = Paces()
    for _part in range(10):
        paces.note(GARAGE, paces.size(GARAGE), AIM_SECONDS / 3)
    assert paces.size(GARAGE) == MOST
    paces.forget(GARAGE)
    assert paces.size(GARAGE) == FEWEST


@pytest.mark.usefixtures("acting")
@pytest.mark.parametrize(("sizes", "left"), [([30, 70], 0), ([60, 30], 10)])
async def test_a_part_takes_as_many_as_the_pace_says(
    garage: Garage, sizes: list[int], left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many_forgotten(garage, 100)
    with frozen(NOW):
        for size in sizes:
            monkeypatch.setattr(Paces, "size", lambda _paces, _tenant_id, size=size: size)
            async with garage.unit() as session:
                await sweep.sweep_tonight(session)
    async with garage.unit() as session:
        assert await repository.count_on_site(session) == left


@pytest.mark.usefixtures("acting")
async def test_each_part_says_how_many_it_held_and_the_end_forgets_the_pace(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[int] = []

    def note(_paces: Paces, tenant_id: object, locked: int, seconds: float) -> None:
        assert tenant_id == garage.tenant.id
        assert seconds > 0
        noted.append(locked)

    monkeypatch.setattr(Paces, "note", note)
    await many_forgotten(garage, FEWEST + 5)
    sweep.paces.note(garage.tenant.id, FEWEST, AIM_SECONDS)
    await swept(garage, NOW)
    assert noted == [FEWEST, FEWEST, 5]
