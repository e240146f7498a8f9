"""Files of photos that no row knows go; everything else stays."""

import os
import time
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.workshop.photos import orphans
from core.workshop.photos.orphans import remove_orphan_photos
from tests.factories import a_job, a_photo, a_quote, jpeg
from tests.garages import Garage

TWO_DAYS = 2 * 86_400


def files_of(garage: Garage) -> list[Path]:
    """Everything that is stored for a garage."""
    folder = Path(garage.house.settings.storage_url.removeprefix("file://"))
    return [
        path for path in (folder / "tenants" / str(garage.tenant.id)).rglob("*") if path.is_file()
    ]


def grow_old(garage: Garage) -> None:
    """All that is stored was written two days ago."""
    for path in files_of(garage):
        os.utime(path, times=(time.time() - TWO_DAYS,) * 2)


async def lose_a_photo(garage: Garage) -> set[str]:
    """A photo arrives, and its unit of work is taken back; the names of its files."""
    before = {path.name for path in files_of(garage)}

    async def add_and_fail() -> None:
        async with garage.unit() as session:
            await a_photo(session, await a_job(session), body=jpeg((9, 9, 200)))
            await session.execute(text("select 1 / 0"))

    with pytest.raises(DBAPIError):
        await add_and_fail()
    return {path.name for path in files_of(garage)} - before


async def sweep(garage: Garage) -> int:
    async with garage.unit() as session:
        return await remove_orphan_photos(session)


async def test_files_of_a_photo_that_was_taken_back_go_and_all_others_stay(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        await a_photo(session, job)
        await a_quote(session, job, pdf=True)
        await garage.house.storage.put_bytes(
            garage.tenant.id, f"jobs/{job.id}/photos/of-another-plugin.txt", b"x"
        )
    kept = sorted(path.name for path in files_of(garage))
    lost = await lose_a_photo(garage)
    grow_old(garage)
    assert len(lost) > 1
    assert await sweep(garage) == len(lost)
    assert sorted(path.name for path in files_of(garage)) == kept
    assert await sweep(garage) == 0


async def test_what_was_stored_today_may_still_get_its_row(garage: Garage) -> None:
    lost = await lose_a_photo(garage)
    assert await sweep(garage) == 0
    assert {path.name for path in files_of(garage)} >= lost


async def test_another_garages_files_are_not_looked_at(
    garage: Garage, other_garage: Garage
) -> None:
    lost = await lose_a_photo(other_garage)
    grow_old(other_garage)
    assert await sweep(garage) == 0
    assert {path.name for path in files_of(other_garage)} >= lost


async def test_a_run_looks_at_so_many_files_and_no_more(garage: Garage) -> None:
    for number in range(3):
        body, key = jpeg((number, 1, 1)), f"jobs/{uuid4()}/originals/{number}"
        await garage.house.storage.put_bytes(garage.tenant.id, key, body)
    grow_old(garage)
    moment, storage = orphans.now(), garage.house.storage
    looked = [
        path
        async for paths in storage.older_than(garage.tenant.id, "jobs", moment, most=1)
        for path in paths
    ]
    behind = [
        path
        async for paths in storage.older_than(
            garage.tenant.id, "jobs", moment, behind=sorted(looked)[1], most=500
        )
        for path in paths
    ]
    assert behind == sorted(looked)[2:]
