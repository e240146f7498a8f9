"""What was read is kept until one of its tables changes, by whatever path."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from sqlalchemy import bindparam, delete, select, text

from core.db.changes import DataChange
from core.db.reading import GARAGE, Kept, KeptReadings, PreparedLists, Reading, SessionReading
from core.embedded.postgres import ADMIN
from core.errors import UnnotedChanges, UnscopedQuery
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job, JobTask
from core.workshop.photos.models import Photo
from tests.factories import a_job, a_plate
from tests.garages import Garage
from tests.servers import DATABASE, Servers
from tests.statements import counted


class JobRow(msgspec.Struct, frozen=True):
    """A job."""

    id: UUID
    plate: str


class Jobs(msgspec.Struct, frozen=True):
    """A list of them."""

    jobs: tuple[JobRow, ...]


class Keys(msgspec.Struct, frozen=True):
    """Keys of tasks."""

    tasks: tuple[dict[str, str], ...]


JOBS = PreparedLists(
    Jobs,
    jobs=select(Job.id, Job.plate).where(Job.tenant_id == GARAGE).order_by(Job.id).limit(50),
)
OF_A_JOB = PreparedLists(
    Jobs,
    jobs=select(Job.id, Job.plate)
    .where(Job.tenant_id == GARAGE, Job.id == bindparam("job"))
    .limit(1),
)
TASKS = PreparedLists(Keys, tasks=select(JobTask.key).where(JobTask.tenant_id == GARAGE).limit(50))
PHOTOS = PreparedLists(Keys, tasks=select(Photo.state).where(Photo.tenant_id == GARAGE).limit(5))


def asked_by(garage: Garage) -> Reading:
    """The reading of one request."""
    return garage.house.database.reading(garage.tenant.id)


async def kept(garage: Garage) -> Kept[Jobs]:
    return await asked_by(garage).kept(JOBS)


async def a_stored_job(garage: Garage) -> UUID:
    async with garage.unit() as session:
        return (await a_job(session, plate=a_plate())).id


async def test_what_did_not_change_is_not_read_again(garage: Garage) -> None:
    await a_stored_job(garage)
    first = await kept(garage)
    with counted(garage.house) as sent:
        again = await kept(garage)
    assert again is first
    assert [statement for statement in sent if "jobs" in statement] == []
    assert len(sent) == 1


async def test_who_may_remember_nothing_reads_each_time(garage: Garage) -> None:
    await a_stored_job(garage)
    forgetful = KeptReadings(0)
    engine, tenant_id = garage.house.database.app_engine, garage.tenant.id
    answers = []
    for _ in range(2):
        with counted(garage.house) as sent:
            answers.append(await Reading(engine, tenant_id, forgetful).kept(JOBS))
        assert len([statement for statement in sent if "jobs" in statement]) == 1
    assert answers[0].value == answers[1].value
    assert len(forgetful.answers) == 0


async def test_a_change_is_seen_by_the_next_request(garage: Garage) -> None:
    job_id = await a_stored_job(garage)
    first = await kept(garage)
    async with garage.unit() as session:
        (await session.get_one(Job, (garage.tenant.id, job_id))).plate = "2-NEW-222"
    after = await kept(garage)
    assert [row.plate for row in after.value.jobs] == ["2-NEW-222"]
    assert after.mark != first.mark


@pytest.mark.parametrize(
    "statement",
    [
        "update jobs set plate = 'BY-HAND' where tenant_id = $1",
        "delete from jobs where tenant_id = $1",
        "with gone as (delete from jobs where tenant_id = $1 returning id) select * from gone",
    ],
)
async def test_a_change_past_the_application_is_seen_too(
    garage: Garage, servers: Servers, statement: str
) -> None:
    await a_stored_job(garage)
    first = await kept(garage)
    admin = await asyncpg.connect(servers.postgres.url(ADMIN, DATABASE))
    await admin.execute(statement, garage.tenant.id)
    await admin.close()
    after = await kept(garage)
    assert after.value != first.value
    assert {row.plate for row in after.value.jobs} <= {"BY-HAND"}


async def test_what_is_rolled_back_changes_nothing(garage: Garage) -> None:
    job_id = await a_stored_job(garage)
    first = await kept(garage)
    async with garage.unit() as session:
        savepoint = await session.begin_nested()
        (await session.get_one(Job, (garage.tenant.id, job_id))).plate = "2-NEW-222"
        await session.flush()
        await savepoint.rollback()
    assert await kept(garage) is first


async def test_a_change_after_one_that_was_rolled_back_in_the_same_transaction_is_seen(
    garage: Garage,
) -> None:
    job_id = await a_stored_job(garage)
    await kept(garage)
    async with garage.unit() as session:
        job = await session.get_one(Job, (garage.tenant.id, job_id))
        savepoint = await session.begin_nested()
        job.plate = "2-NOT-222"
        await session.flush()
        await savepoint.rollback()
        await session.refresh(job)
        job.plate = "2-NEW-222"
    assert [row.plate for row in (await kept(garage)).value.jobs] == ["2-NEW-222"]


async def test_a_transaction_that_began_first_and_ends_last_is_seen(garage: Garage) -> None:
    slow, quick = await a_stored_job(garage), await a_stored_job(garage)
    async with garage.unit() as session:
        (await session.get_one(Job, (garage.tenant.id, slow))).plate = "2-SLO-222"
        await session.flush()
        async with garage.unit() as other:
            (await other.get_one(Job, (garage.tenant.id, quick))).plate = "2-QCK-222"
        during = [row.plate for row in (await kept(garage)).value.jobs]
    after = [row.plate for row in (await kept(garage)).value.jobs]
    assert "2-QCK-222" in during
    assert "2-SLO-222" not in during
    assert after == ["2-SLO-222", "2-QCK-222"]


async def test_two_who_change_the_same_table_do_not_wait_for_each_other(garage: Garage) -> None:
    first, second = await a_stored_job(garage), await a_stored_job(garage)
    async with garage.unit() as session:
        (await session.get_one(Job, (garage.tenant.id, first))).plate = "2-ONE-222"
        await session.flush()
        async with asyncio.timeout(20), garage.unit() as other:
            (await other.get_one(Job, (garage.tenant.id, second))).plate = "2-TWO-222"
    plates = [row.plate for row in (await kept(garage)).value.jobs]
    assert plates == ["2-ONE-222", "2-TWO-222"]


async def test_those_who_ask_at_the_same_time_wait_for_one_answer(garage: Garage) -> None:
    await a_stored_job(garage)
    await kept(garage)
    await a_stored_job(garage)
    with counted(garage.house) as sent:
        found = await asyncio.gather(*(kept(garage) for _ in range(8)))
    assert [len(each.value.jobs) for each in found] == [2] * 8
    assert len([statement for statement in sent if "jobs" in statement]) == 1


async def test_who_goes_away_while_it_is_read_leaves_it_to_the_others(garage: Garage) -> None:
    await a_stored_job(garage)
    first = asyncio.create_task(kept(garage))
    second = asyncio.create_task(kept(garage))
    await asyncio.sleep(0)
    first.cancel()
    assert len((await second).value.jobs) == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_another_table_and_another_garage_leave_it_as_it_is(
    garage: Garage, other_garage: Garage
) -> None:
    job_id = await a_stored_job(garage)
    first = await kept(garage)
    await a_stored_job(other_garage)
    async with garage.unit() as session:
        job = await session.get_one(Job, (garage.tenant.id, job_id))
        (await session.get_one(Customer, (garage.tenant.id, job.customer_id))).name = "Other"
    with counted(garage.house) as sent:
        assert await kept(garage) is first
    assert len(sent) == 1


async def test_a_garage_never_gets_what_another_one_keeps(
    garage: Garage, other_garage: Garage
) -> None:
    job_id = await a_stored_job(garage)
    await asked_by(garage).kept(OF_A_JOB, job=job_id)
    assert (await asked_by(other_garage).kept(OF_A_JOB, job=job_id)).value.jobs == ()
    assert len((await asked_by(garage).kept(OF_A_JOB, job=job_id)).value.jobs) == 1
    assert (await asked_by(garage).kept(OF_A_JOB, job=uuid4())).value.jobs == ()


async def test_rows_that_a_foreign_key_takes_along_are_gone(garage: Garage) -> None:
    job_id = await a_stored_job(garage)
    assert (await asked_by(garage).kept(TASKS)).value.tasks
    async with garage.unit() as session:
        await session.execute(delete(Job).where(Job.id == job_id))
    assert (await asked_by(garage).kept(TASKS)).value.tasks == ()


async def test_the_same_text_keeps_its_mark(garage: Garage) -> None:
    job_id = await a_stored_job(garage)
    first = await kept(garage)
    async with garage.unit() as session:
        (await session.get_one(Job, (garage.tenant.id, job_id))).damage = "Not on this list"
    assert await kept(garage) is first


async def test_a_table_without_notes_is_refused(garage: Garage) -> None:
    with pytest.raises(UnnotedChanges, match="photos"):
        await asked_by(garage).kept(PHOTOS)


def test_a_list_that_forgets_the_garage_is_refused() -> None:
    with pytest.raises(UnscopedQuery, match="careless"):
        PreparedLists(
            Jobs,
            jobs=select(Job.id).where(Job.tenant_id == GARAGE).limit(1),
            careless=select(Job.plate).limit(1),
        )


async def test_within_a_unit_of_work_it_sees_what_was_written(garage: Garage) -> None:
    await kept(garage)
    async with garage.unit() as session:
        job = await a_job(session, plate="1-INS-001")
        reading = SessionReading(session)
        job.plate = "1-INS-002"
        found = await reading.kept(JOBS)
        assert [row.plate for row in found.value.jobs] == ["1-INS-002"]
        assert [row["text"] for row in await reading.rows(JOBS)] != []
    assert [row.plate for row in (await kept(garage)).value.jobs] == ["1-INS-002"]


async def test_no_more_than_five_are_tidied_away_even_where_the_database_compares_row_by_row(
    garage: Garage,
) -> None:
    await a_stored_job(garage)
    async with garage.unit() as session:
        await session.execute(
            text(
                "insert into data_changes (tenant_id, id, transaction, source)"
                " select :tenant, uuidv7(interval '-2 hours'), number, 'old'"
                " from generate_series(1, 30) number"
            ),
            {"tenant": garage.tenant.id},
        )
        for way in ("hashjoin", "mergejoin", "material", "hashagg", "sort", "indexscan"):
            await session.execute(text(f"SET LOCAL enable_{way} = off"))
        await session.execute(text("update jobs set damage = 'a'"))
        left = await session.scalars(select(DataChange.source).where(DataChange.source == "old"))
        assert len(left.all()) == 25


async def test_notes_that_are_older_than_an_hour_are_tidied_away(
    garage: Garage, servers: Servers
) -> None:
    await a_stored_job(garage)
    admin = await asyncpg.connect(servers.postgres.url(ADMIN, DATABASE))
    await admin.execute(
        "update data_changes set id = uuidv7(interval '-2 hours') where tenant_id = $1",
        garage.tenant.id,
    )
    old = await admin.fetchval(
        "select count(*) from data_changes where tenant_id = $1", garage.tenant.id
    )
    await admin.close()
    async with garage.unit() as session:
        await session.execute(text("update jobs set damage = 'a'"))
        await session.execute(text("update customers set name = 'b'"))
    async with garage.unit() as session:
        left = (await session.scalars(select(DataChange.source))).all()
    assert old > 3
    assert sorted(left) == ["customers", "jobs"]
