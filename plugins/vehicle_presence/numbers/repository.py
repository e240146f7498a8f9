"""Numbers out of stays and the histories of their jobs: by index, over one period, at most
:data:`MOST` stays. Nothing is counted beforehand: a corrected date corrects the past too."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.tenancy.context import current_tenant

MOST = 5000

_STRETCHES = """
moves as (
  select stays.id, stays.arrived_at as at, coalesce((
      select event.details->>'after' from job_events event
      where event.tenant_id = :tenant and event.job_id = stays.job_id
        and event.kind = 'status_changed' and event.at <= stays.arrived_at
      order by event.at desc limit 1),
      case when job.status_changed_at <= stays.arrived_at then job.status end, 'new') as status
  from stays join jobs job on job.tenant_id = :tenant and job.id = stays.job_id
  union all
  select stays.id, job.status_changed_at, job.status
  from stays join jobs job on job.tenant_id = :tenant and job.id = stays.job_id
    and job.status_changed_at > stays.arrived_at
    and (stays.left_at is null or job.status_changed_at < stays.left_at)
  union all
  select stays.id, event.at, event.details->>'after'
  from stays join job_events event
    on event.tenant_id = :tenant and event.job_id = stays.job_id
    and event.kind = 'status_changed' and event.at > stays.arrived_at
    and (stays.left_at is null or event.at < stays.left_at)
),
stretches as (
  select stays.id, moves.at as begins,
    case moves.status
      when 'new' then 'before' when 'planned' then 'before'
      when 'in_progress' then 'work' when 'ready' then 'ready' else 'over' end as stage,
    coalesce(lead(moves.at) over (partition by stays.id order by moves.at),
             stays.left_at, :moment) as ends
  from moves join stays using (id)
)
"""

_STAGES = text(f"""
with stays as materialized (
  select id, job_id, arrived_at, left_at from vehicle_presence_stays
  where tenant_id = :tenant and left_at >= :begins and left_at <= :moment
  order by left_at desc limit :most
),
{_STRETCHES}
select stage, extract(epoch from sum(ends - begins)) / 86400.0 as days,
       (select count(*) from stays) as stays
from stretches group by stage
""")  # noqa: S608 - made of constants

_NIGHTS = text(f"""
with stays as materialized (
  (select id, job_id, arrived_at, left_at, left_noted_at from vehicle_presence_stays
   where tenant_id = :tenant and left_at is not null and left_noted_at >= :begins
   order by left_noted_at desc limit :most)
  union all
  (select id, job_id, arrived_at, left_at, left_noted_at from vehicle_presence_stays
   where tenant_id = :tenant and left_at is null
   order by arrived_at, id limit :most)
),
{_STRETCHES},
marked as (
  select begins, ends, stage from stretches
  union all
  select left_at, left_noted_at, 'over' from stays where left_noted_at > left_at
)
select night::date as night, stage, count(*) as vehicles
from marked cross join lateral generate_series(
  greatest((begins at time zone :zone)::date, cast(:first as date)),
  least((ends at time zone :zone)::date - 1, cast(:last as date)), interval '1 day') as night
group by 1, 2
""")  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class StageDays:
    """Days that vehicles spent in each stage before they left, and how many vehicles."""

    stays: int
    days: dict[str, float]


async def stage_days(session: AsyncSession, begins: datetime, moment: datetime) -> StageDays:
    """Of vehicles that left between `begins` and `moment`."""
    values = {"tenant": session.info["tenant_id"], "begins": begins, "moment": moment, "most": MOST}
    rows = (await session.execute(_STAGES, values)).all()
    return StageDays(
        stays=rows[0].stays if rows else 0, days={row.stage: float(row.days) for row in rows}
    )


async def nights(
    session: AsyncSession, first: date, last: date, begins: datetime, moment: datetime
) -> dict[date, dict[str, int]]:
    """How many vehicles were marked in over each night, by stage; nights without any are absent.

    A vehicle that had left but was still marked in counts as `over`. `begins` is the moment at
    which the night `first` begins.
    """
    values = {
        "tenant": session.info["tenant_id"],
        "begins": begins,
        "moment": moment,
        "first": first,
        "last": last,
        "zone": current_tenant().timezone,
        "most": MOST,
    }
    found: dict[date, dict[str, int]] = {}
    for row in await session.execute(_NIGHTS, values):
        found.setdefault(row.night, {})[row.stage] = row.vehicles
    return found
