"""When a customer wants to be told by mail."""

import pytest

from plugins.self_service_portal.stage_wishes import UnknownWish, choose, wants_stage_mail
from tests import factories
from tests.garages import Garage


@pytest.mark.parametrize(
    ("choice", "paint", "ready"),
    [(None, False, True), ("every", True, True), ("ready", False, True), ("never", False, False)],
)
async def test_the_choice_decides_at_which_stages(
    garage: Garage, choice: str | None, paint: bool, ready: bool
) -> None:
    async with garage.unit() as session:
        job = await factories.a_job(session)
        if choice:
            await choose(session, job.id, choice)
        wanted = [await wants_stage_mail(session, job, stage) for stage in ("paint", "ready")]
    assert wanted == [paint, ready]


async def test_the_last_choice_counts_and_is_that_jobs(garage: Garage) -> None:
    async with garage.unit() as session:
        job, other = [await factories.a_job(session, plate=plate) for plate in ("1-A", "1-B")]
        for choice in ("every", "never"):
            await choose(session, job.id, choice)
        wanted = [await wants_stage_mail(session, each, "ready") for each in (job, other)]
    assert wanted == [False, True]


async def test_there_are_three_choices(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await factories.a_job(session)
        with pytest.raises(UnknownWish):
            await choose(session, job.id, "hourly")
