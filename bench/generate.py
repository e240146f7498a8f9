"""Garages with a long history, made by PostgreSQL itself from a seed.

    python -m bench.generate --garages 200 --jobs 20000

Each garage has 60 vehicles on site. The garages take turns at how many of their older jobs are
*forgotten in*: 0, 10 or 50 %, so that one run can compare them side by side. Garages are opened
by the product's own verbs; everything in them comes from `generate_series`, one garage per
transaction, so that an interrupted run goes on where it was.
"""

import argparse
import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from bench.places import Place, running
from core.house import House, migrate_schema, open_house
from core.tenancy.context import TenantContext, tenant_scope
from core.workshop.audit.services import Actor
from plugins.vehicle_presence.vat_book.services import open_books
from tenants.activation import enable
from tenants.lifecycle import NewGarage, open_garage

ON_SITE = 60
BENCH = Actor("support", "Benchmark")
PLUGINS = ("vehicle_presence", "self_service_portal")
TABLES = (
    "customers",
    "vehicles",
    "jobs",
    "job_tasks",
    "vehicle_presence_stays",
    "vehicle_presence_vat_lines",
    "staff_members",
    "login_sessions",
)
_IS_ANALYSED = (
    "select last_vacuum is not null from pg_stat_user_tables where relname = 'login_sessions'"
)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to make. `forgotten` are percentages; the garages take turns at them. `anchor`
    is the moment that the vehicles on site are counted back from."""

    garages: int
    jobs: int
    forgotten: tuple[int, ...] = (0, 10, 50)
    seed: int = 1
    anchor: datetime | None = None

    def share(self, number: int) -> int:
        """How many per cent of the older jobs of the n-th garage are forgotten in."""
        return self.forgotten[number % len(self.forgotten)]

    def with_on_site(self) -> "Plan":
        """The same with those that are on site besides."""
        return replace(self, jobs=self.jobs + ON_SITE)

    def forgotten_jobs(self, number: int) -> int:
        """The same as a count."""
        return (self.jobs - ON_SITE) * self.share(number) // 100


def slug_of(plan: Plan, number: int) -> str:
    """The n-th garage's subdomain, which says how many are forgotten."""
    return f"g{number:03}-f{plan.share(number):02}"


def token_of(slug: str) -> str:
    """The cookie of that garage's planner."""
    return f"bench-session-of-{slug}"


async def generate(
    place: Place, plan: Plan, say: Say = print, *, with_books: bool = False
) -> dict[str, str]:
    """Bring the place to what `plan` says; subdomain → id of its garages. `with_books` enters what
    is marked in into the VAT books, by the product's own verb."""
    began = time.monotonic()
    async with _workshop(place) as (house, admin):
        tenants: dict[str, str] = {}
        is_new = False
        for number in range(plan.garages):
            slug = slug_of(plan, number)
            tenant = await _opened(house, slug)
            if not await _is_full(admin, tenant, plan):
                await _fill(admin, tenant, plan, number)
                if with_books:
                    await _keep_books(house, tenant)
                is_new = True
                say(f"{slug}: {plan.jobs} jobs ({time.monotonic() - began:.0f} s)")
            tenants[slug] = str(tenant.id)
        if is_new or not await admin.fetchval(_IS_ANALYSED):
            say("vacuum and analyze")
            for table in TABLES:
                await admin.execute(f"vacuum (analyze) {table}")
        return tenants


async def add_garage(place: Place, slug: str, plan: Plan) -> str:
    """One more garage, which a measurement may use up; its id."""
    async with _workshop(place) as (house, admin):
        tenant = await _opened(house, slug)
        await _fill(admin, tenant, plan, 0)
        await _keep_books(house, tenant)
        for table in TABLES:
            await admin.execute(f"analyze {table}")
        return str(tenant.id)


@asynccontextmanager
async def _workshop(place: Place) -> AsyncIterator[tuple[House, asyncpg.Connection]]:
    """The migrated database: the product's own door to it, and the administrator's."""
    await place.postgres.ensure_database(place.database)
    settings = place.settings()
    await migrate_schema(settings)
    house = open_house(settings)
    admin = await asyncpg.connect(place.admin_url)
    try:
        await admin.execute("set session_replication_role = replica")  # all keys are ours
        await admin.execute("set synchronous_commit = off")
        yield house, admin
    finally:
        await admin.close()
        await house.close()


async def _opened(house: House, slug: str) -> TenantContext:
    known = await house.directory.by_slug(slug)
    if known is not None:
        return known
    new = NewGarage(
        slug=slug,
        name=f"Carrosserie {slug}",
        languages=("nl", "fr", "en"),
        owner_name="Olga Owner",
        owner_email=f"owner@{slug}.example.com",
        street="Noorderlaan 1",
        postal_code="2030",
        city="Antwerpen",
    )
    await open_garage(house.database, house.directory, new, BENCH)
    for plugin in PLUGINS:
        await enable(house.switching, slug, plugin, BENCH, reason="benchmark")
    opened = await house.directory.by_slug(slug)
    assert opened is not None
    return opened


async def _keep_books(house: House, tenant: TenantContext) -> None:
    """Enter what is marked in, as it would have been on arrival."""
    is_more = True
    with tenant_scope(tenant):
        while is_more:
            async with house.database.unit_of_work(tenant.id) as session:
                is_more = await open_books(session)


async def _is_full(admin: asyncpg.Connection, tenant: TenantContext, plan: Plan) -> bool:
    """A garage is filled in one transaction, so its last job says that all are there."""
    found = await admin.fetchval("select count(*) from jobs where tenant_id = $1", tenant.id)
    if found not in {0, plan.jobs}:
        raise SystemExit(f"{tenant.slug} has {found} jobs, not {plan.jobs}: use another --data-dir")
    return bool(found)


async def _fill(admin: asyncpg.Connection, tenant: TenantContext, plan: Plan, number: int) -> None:
    anchor = plan.anchor or datetime.now(UTC)
    async with admin.transaction():
        await admin.execute(_numbers(plan, tenant, number, anchor))
        for statement in _STATEMENTS:
            await admin.execute(statement)
        await admin.execute(
            _STAFF,
            tenant.id,
            f"planner@{tenant.slug}.example.com",
            hashlib.sha256(token_of(tenant.slug).encode()).hexdigest(),
            anchor,
        )
        await admin.execute("drop table made")


def _numbers(plan: Plan, tenant: TenantContext, number: int, anchor: datetime) -> str:
    """One line per job, oldest first, with its dice: all that the tables below are made of."""
    return f"""
    create temporary table made on commit drop as
    select n, id, tenant, location_id, flow_id,
           case when is_here then anchor - (20 - 20.0 * (n - {plan.jobs - ON_SITE}) / {ON_SITE}) * interval '1 day' - interval '1 hour'
                else anchor - interval '25 days' - ({plan.jobs} - n) * interval '4 years' / {plan.jobs} end as arrived_at,
           is_here, is_forgotten, is_here or is_forgotten as is_in, dice,
           n % greatest({plan.jobs} / 4, 1) as customer, n % greatest({plan.jobs} / 2, 1) as vehicle,
           case when is_here then (array['in_progress', 'in_progress', 'in_progress', 'ready'])[1 + dice % 4]
                when is_forgotten then (array['delivered', 'invoiced', 'invoiced', 'delivered', 'ready'])[1 + dice % 5]
                else (array['invoiced', 'delivered'])[1 + dice % 2] end as status
    from (
        select n, '{tenant.id}'::uuid as tenant, timestamptz '{anchor.isoformat()}' as anchor,
               (lpad(to_hex((extract(epoch from timestamptz '{anchor.isoformat()}')::bigint * 1000 - ({plan.jobs} - n) * 6000000)), 12, '0')
                || '7' || substr(md5('{plan.seed}-{number}-' || n), 1, 3)
                || '8' || substr(md5('{plan.seed}-{number}-' || n), 4, 15))::uuid as id,
               n > {plan.jobs - ON_SITE} as is_here,
               n <= {plan.jobs - ON_SITE}
                 and n * {plan.share(number)} / 100 <> (n - 1) * {plan.share(number)} / 100 as is_forgotten,
               abs(hashint8extended(n, {plan.seed * 1000 + number}) % 1000000)::int as dice
        from generate_series(1::bigint, {plan.jobs}) as n
    ) as numbered,
    (select id as location_id from locations where tenant_id = '{tenant.id}' order by position limit 1) as place,
    (select id as flow_id from damage_flows where tenant_id = '{tenant.id}' and is_default) as flow
    """


_STATEMENTS = (
    """
    create or replace function pg_temp.named(kind text, tenant uuid, n bigint) returns uuid
    language sql immutable as
    $$ select (substr(md5(kind || tenant || n), 1, 12) || '7' || substr(md5(kind || tenant || n), 13, 3)
               || '8' || substr(md5(kind || tenant || n), 16, 15))::uuid $$
    """,
    """
    insert into customers (tenant_id, id, name, email, phone, language, street, postal_code, city)
    select distinct on (customer) tenant, pg_temp.named('customer', tenant, customer),
           (array['Jan', 'Sofie', 'Pieter', 'Lucie', 'Mohamed', 'Els', 'Karel', 'Amélie'])[1 + dice % 8]
           || ' ' || (array['Peeters', 'Janssens', 'Maes', 'Dubois', 'Lambert', 'El Amrani', 'De Smet', 'Claes', 'Wouters', 'Moretti'])[1 + dice / 8 % 10],
           'customer' || customer || '@example.com', '+32 470 ' || lpad((dice % 1000000)::text, 6, '0'),
           (array['nl', 'nl', 'fr'])[1 + dice % 3], 'Kerkstraat ' || 1 + dice % 200, '2000', 'Antwerpen'
    from made order by customer, n
    """,
    """
    insert into vehicles (tenant_id, id, customer_id, plate, plate_normalised, make, model, colour)
    select distinct on (vehicle) tenant, pg_temp.named('vehicle', tenant, vehicle),
           pg_temp.named('customer', tenant, customer), plate, replace(plate, '-', ''),
           (array['Volkswagen', 'Renault', 'Peugeot', 'BMW', 'Toyota', 'Opel', 'Volvo', 'Škoda'])[1 + dice % 8],
           (array['Golf', 'Clio', '308', '320d', 'Yaris', 'Corsa', 'V60', 'Octavia'])[1 + dice % 8],
           (array['black', 'white', 'grey', 'blue', 'red'])[1 + dice / 8 % 5]
    from (select *, 1 + vehicle % 2 || '-' || chr(65 + (vehicle / 26 / 26 % 26)::int) || chr(65 + (vehicle / 26 % 26)::int)
                 || chr(65 + (vehicle % 26)::int) || '-' || lpad((dice % 1000)::text, 3, '0') as plate from made) as plated
    order by vehicle, n
    """,
    """
    insert into jobs (tenant_id, id, sequence_number, public_number, location_id, customer_id, vehicle_id,
                      flow_id, plate, plate_normalised, status, status_changed_at, current_task, damage,
                      created_at, updated_at)
    select tenant, made.id, n, upper(substr(md5('number' || tenant || n), 1, 4) || lpad(to_hex(n), 5, '0')), location_id, vehicles.customer_id,
           vehicles.id, flow_id, vehicles.plate, vehicles.plate_normalised, status,
           least(arrived_at + interval '5 days', now()), step.key,
           'Scratched at a post, right rear door', arrived_at - interval '2 days',
           least(arrived_at + interval '5 days', now())
    from made
    join vehicles on vehicles.tenant_id = tenant and vehicles.id = pg_temp.named('vehicle', tenant, vehicle)
    cross join lateral (
        select key from damage_flow_steps as steps
        where steps.tenant_id = tenant and steps.flow_id = made.flow_id
        order by position offset dice % 3 limit 1
    ) as step
    """,
    """
    insert into job_tasks (tenant_id, id, job_id, position, key, labels, department, customer_texts, state)
    select jobs.tenant_id, pg_temp.named('task' || steps.key, tenant, n), jobs.id, steps.position, steps.key, steps.labels,
           steps.department, steps.customer_texts, 'in_progress'
    from made
    join jobs on jobs.tenant_id = tenant and jobs.id = made.id
    join damage_flow_steps as steps
      on steps.tenant_id = tenant and steps.flow_id = made.flow_id and steps.key = jobs.current_task
    """,
    """
    insert into vehicle_presence_stays (tenant_id, id, job_id, location_id, plate, arrived_at,
                                        arrived_noted_by, left_at, left_noted_by, left_noted_at, closed_by)
    select tenant, pg_temp.named('stay', tenant, n), made.id, made.location_id, jobs.plate, arrived_at, 'Robin',
           case when is_in then null else arrived_at + interval '5 days' end,
           case when is_in then null else 'Robin' end,
           case when is_in then null else arrived_at + interval '5 days' end,
           case when is_in then null else 'clock' end
    from made join jobs on jobs.tenant_id = tenant and jobs.id = made.id
    """,
    """
    insert into vehicle_presence_rules (tenant_id, name, is_on, days, mode)
    select distinct tenant, rule, true, 3, 'automatic'
    from made, unnest(array['delivered', 'booked_out']) as rule
    """,
    """
    insert into counters (tenant_id, name, value)
    select tenant, 'job', max(n) from made group by tenant
    on conflict (tenant_id, name) do update set value = excluded.value
    """,
)
_STAFF = """
    with member as (
        insert into staff_members (tenant_id, email, name, role, language)
        values ($1, $2, 'Robin Planner', 'planner', 'nl') returning tenant_id, id
    )
    insert into login_sessions (tenant_id, token_hash, staff_id, created_at, expires_at)
    select tenant_id, $3, id, $4, $4::timestamptz + interval '10 years' from member
"""


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--garages", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data-dir", type=Path, default=Path(".bench"))
    asked = parser.parse_args()
    plan = Plan(garages=asked.garages, jobs=asked.jobs, seed=asked.seed)
    with running(asked.data_dir) as place:
        asyncio.run(generate(place, plan))


if __name__ == "__main__":
    main()
