"""Finding jobs."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from core.workshop.jobs import repository
from core.workshop.jobs.numbers import (
    LENGTH,
    display_public_number,
    normalise_public_number,
)
from core.workshop.vehicles.plates import normalise_plate
from tests.factories import a_job, many_jobs
from tests.garages import Garage


async def found(garage: Garage, typed: str) -> list[UUID]:
    """What the desk's search box finds."""
    number = normalise_public_number(typed)
    async with garage.unit() as session:
        rows = await repository.search(
            session,
            text=typed,
            plate=normalise_plate(typed),
            public_number=number if len(number) == LENGTH else "",
            sequence_number=int(typed) if typed.isdecimal() and len(typed) < 10 else None,
        )
    return [row.id for row in rows]


@pytest.fixture
async def job_id(garage: Garage) -> UUID:
    """A job to be found, beside another that nothing fits."""
    async with garage.unit() as session:
        await a_job(
            session,
            name="Zoë Other",
            email="zoe@other.test",
            phone="09 876 54 32",
            plate="9-ZZZ-999",
        )
        job = await a_job(
            session,
            name="Céline O'Hara-100%",
            email="celine@firm.test",
            phone="+32 (0)475/12.34.56",
            plate="1-QAB-234",
        )
    return job.id


@pytest.mark.parametrize(
    "typed",
    [
        "1-QAB-234",
        "1qab234",
        "qab",
        "céline",
        "o'hara",
        "100%",
        "HARA-1",
        "celine@firm",
        "0475 12 34 56",
        "0475123456",
        "+32475123456",
        "+32 (0)475 12 34 56",
        "0032 475 12 34 56",
        "75/12.34.56",
    ],
)
async def test_a_job_is_found_by_any_typing(garage: Garage, job_id: UUID, typed: str) -> None:
    assert await found(garage, typed) == [job_id]


@pytest.mark.parametrize("stored", ["0475/12.34.56", "+32475123456", "0032 475 12 34 56"])
@pytest.mark.parametrize("typed", ["0475 12 34 56", "+32 475 12 34 56", "+32 (0) 475 123 456"])
async def test_a_phone_number_is_found_however_either_was_typed(
    garage: Garage, stored: str, typed: str
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, phone=stored)
    assert await found(garage, typed) == [job.id]


@pytest.mark.parametrize("typed", ["1-QAB-235", "%", "_Q", "nobody", "0475 12 34 57", "000000"])
async def test_what_fits_nothing_finds_nothing(garage: Garage, job_id: UUID, typed: str) -> None:
    hits = await found(garage, typed)
    assert hits == ([job_id] if typed == "%" else [])


async def test_a_job_is_found_by_either_of_its_numbers(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
    shown = display_public_number(job.public_number)
    assert await found(garage, shown.lower()) == [job.id]
    assert job.id in await found(garage, str(job.sequence_number))


async def test_a_search_finds_nothing_of_another_garage(
    garage: Garage, other_garage: Garage
) -> None:
    async with other_garage.unit() as session:
        job = await a_job(session)
    assert await found(garage, job.plate) == []
    assert await found(garage, job.public_number) == []


async def test_pages_follow_each_other_without_gap_or_double(garage: Garage) -> None:
    async with garage.unit() as session:
        made = {*await many_jobs(session, repository.PAGE + 10)}
        first: Sequence[repository.JobRow] = await repository.page(session)
        shown = [row.id for row in first[: repository.PAGE]]
        second = [row.id for row in await repository.page(session, before=shown[-1])]
    assert len(first) == repository.PAGE + 1
    assert made <= {*shown, *second}
    assert [*shown, *second] == sorted({*shown, *second}, reverse=True)


async def test_a_page_can_show_some_statuses_only(garage: Garage) -> None:
    async with garage.unit() as session:
        (ready,) = await many_jobs(session, 1, status="ready")
        rows = await repository.page(session, statuses=["ready", "delivered"])
        counts = await repository.count_by_status(session)
    assert [row.id for row in rows] == [ready]
    assert counts == {"new": 1, "ready": 1}


@pytest.mark.parametrize("wrong", ["plate", "number"])
async def test_a_customer_needs_both_plate_and_number(garage: Garage, wrong: str) -> None:
    async with garage.unit() as session:
        job, other = await a_job(session), await a_job(session, plate="2-XYZ-999")
        plate = other.plate_normalised if wrong == "plate" else job.plate_normalised
        number = other.public_number if wrong == "number" else job.public_number
        assert await repository.by_plate_and_number(session, plate, number) is None
