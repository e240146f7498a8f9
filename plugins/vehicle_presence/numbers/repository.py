"""Numbers out of stays and the histories of their jobs: by index, over one period, at most
:data:`MOST` stays. Nothing is counted beforehand: a corrected date corrects the past too."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.tenancy.context import current_tenant
from plugins.vehicle_presence.numbers.periods import Period

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
),
away as (
  select stretches.stage, greatest(stretches.begins, absence.out_at) as begins,
    least(stretches.ends, absence.back_at) as ends
  from stretches join vehicle_presence_absences absence
    on absence.tenant_id = :tenant and absence.stay_id = stretches.id
    and absence.out_at < stretches.ends
    and (absence.back_at is null or absence.back_at > stretches.begins)
)
"""
"""Of each stay the time it spent in each stage, and the parts of it in which the vehicle had left
for a while: those are taken off again."""

_STAGES = text(f"""
with stays as materialized (
  select id, job_id, arrived_at, left_at from vehicle_presence_stays
  where tenant_id = :tenant and left_at >= :begins and left_at <= :moment
    and (cast(:location as uuid) is null or location_id = :location)
  order by left_at desc limit :most
),
{_STRETCHES},
spent as (
  select stage, ends - begins as span from stretches
  union all
  select stage, begins - ends from away
)
select stage, extract(epoch from sum(span)) / 86400.0 as days,
       (select count(*) from stays) as stays
from spent group by stage
""")  # noqa: S608 - made of constants

_NIGHTS = text(f"""
with stays as materialized (
  (select id, job_id, arrived_at, left_at, left_noted_at from vehicle_presence_stays
   where tenant_id = :tenant and left_at is not null and left_noted_at >= :begins
    and (cast(:location as uuid) is null or location_id = :location)
   order by left_noted_at desc limit :most)
  union all
  (select id, job_id, arrived_at, left_at, left_noted_at from vehicle_presence_stays
   where tenant_id = :tenant and left_at is null
    and (cast(:location as uuid) is null or location_id = :location)
   order by arrived_at, id limit :most)
),
{_STRETCHES},
marked as (
  select begins, ends, stage, 1 as vehicles from stretches
  union all
  select left_at, left_noted_at, 'over', 1 from stays where left_noted_at > left_at
  union all
  select begins, ends, stage, -1 from away
)
select night::date as night, stage, sum(vehicles) as vehicles, (
    select greatest(count(*) filter (where left_at is null),
                    count(*) filter (where left_at is not null)) from stays) as stays
from marked cross join lateral generate_series(
  greatest((begins at time zone :zone)::date, cast(:first as date)),
  least((ends at time zone :zone)::date - 1, cast(:last as date)), interval '1 day') as night
group by 1, 2
""")  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class StageDays:
    """Days that vehicles were inside in each stage before they left, and how many vehicles: if
    there are :data:`MOST`, they may be the newest of more."""

    stays: int
    days: dict[str, float]


@dataclass(frozen=True, slots=True)
class Nights:
    """How many vehicles were marked in over each night and not away for a while, by stage; nights
    without any are absent, or zero.
    `is_cut`: there may be more vehicles than were looked at."""

    vehicles: dict[date, dict[str, int]]
    is_cut: bool


async def stage_days(
    session: AsyncSession, begins: datetime, moment: datetime, location_id: UUID | None = None
) -> StageDays:
    """Of vehicles that left between `begins` and `moment`, everywhere or at one location."""
    values = {
        "tenant": session.info["tenant_id"],
        "begins": begins,
        "moment": moment,
        "most": MOST,
        "location": location_id,
    }
    rows = (await session.execute(_STAGES, values)).all()
    return StageDays(
        stays=rows[0].stays if rows else 0, days={row.stage: float(row.days) for row in rows}
    )


async def nights(session: AsyncSession, period: Period, location_id: UUID | None = None) -> Nights:
    """Over each night of the period, everywhere or at one location.

    A vehicle that had left but was still marked in counts as `over`.
    """
    values = {
        "tenant": session.info["tenant_id"],
        "begins": period.begins,
        "moment": period.moment,
        "first": period.first,
        "last": period.last,
        "location": location_id,
        "zone": current_tenant().timezone,
        "most": MOST,
    }
    found: dict[date, dict[str, int]] = {}
    is_cut = False
    for row in await session.execute(_NIGHTS, values):
        found.setdefault(row.night, {})[row.stage] = row.vehicles
        is_cut = row.stays >= MOST
    return Nights(found, is_cut)
