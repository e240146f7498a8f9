"""Damage flows of a garage, and giving a job its tasks."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.jobs import repository
from core.workshop.jobs.models import DamageFlow, DamageFlowStep, JobTask
from core.workshop.jobs.stages import DEFAULT_FLOW, DEFAULT_FLOWS


async def create_default_flows(session: AsyncSession) -> None:
    """Give a new garage the flows that it starts with."""
    for position, (name, stages) in enumerate(DEFAULT_FLOWS.items(), start=1):
        flow = DamageFlow(name=name, is_default=name == DEFAULT_FLOW, position=position)
        session.add(flow)
        await session.flush()
        session.add_all(
            DamageFlowStep(
                flow_id=flow.id,
                position=number,
                key=stage.key,
                labels=dict(stage.labels),
                department=stage.department,
                planned_minutes=stage.planned_minutes,
                customer_texts=dict(stage.customer_texts),
            )
            for number, stage in enumerate(stages, start=1)
        )
    await session.flush()


async def copy_tasks(session: AsyncSession, job_id: UUID, flow_id: UUID) -> list[JobTask]:
    """Give a job its own tasks: later changes to the flow do not touch jobs that run."""
    tasks = [
        JobTask(
            job_id=job_id,
            position=step.position,
            key=step.key,
            labels=step.labels,
            department=step.department,
            planned_minutes=step.planned_minutes,
            customer_texts=step.customer_texts,
        )
        for step in await repository.steps_of(session, flow_id)
    ]
    session.add_all(tasks)
    await session.flush()
    return tasks
