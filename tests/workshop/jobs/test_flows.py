"""Damage flows."""

from sqlalchemy import delete

from core.workshop.jobs import repository
from core.workshop.jobs.models import DamageFlowStep
from core.workshop.jobs.stages import DEFAULT_FLOWS
from tests.factories import a_job
from tests.garages import Garage


async def test_a_new_garage_has_the_flows_it_starts_with(garage: Garage) -> None:
    async with garage.unit() as session:
        flows = await repository.flows(session)
        default = await repository.default_flow(session)
    assert [flow.name for flow in flows] == list(DEFAULT_FLOWS)
    assert default.name == "Standard"


async def test_a_job_gets_the_tasks_of_its_flow_in_order(garage: Garage) -> None:
    async with garage.unit() as session:
        smart = next(f for f in await repository.flows(session) if f.name == "Smart repair")
        job = await a_job(session, flow_id=smart.id)
        tasks = await repository.tasks_of(session, job.id)
    assert [task.key for task in tasks] == [stage.key for stage in DEFAULT_FLOWS["Smart repair"]]
    assert job.current_task == "check_in"


async def test_a_changed_flow_leaves_the_jobs_that_run_alone(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        await session.execute(delete(DamageFlowStep).where(DamageFlowStep.flow_id == job.flow_id))
        tasks = await repository.tasks_of(session, job.id)
    assert len(tasks) == len(DEFAULT_FLOWS["Standard"])
