"""Every table of the database, read from PostgreSQL itself: none is left without its locks."""

from collections import defaultdict
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.base import Base, TenantScoped
from core.embedded.postgres import APP, OWNER, PLATFORM
from tenants.models import PluginActivation, SupportAuditEntry, TenantDomain

OF_THE_PLATFORM = {
    table.__tablename__ for table in (PluginActivation, SupportAuditEntry, TenantDomain)
}
"""Tables that name a garage and are none of its: the application cannot touch them."""
ADD_ONLY = {
    "audit_entries",
    "self_service_portal_consents",
    "self_service_portal_quotes",
    "self_service_portal_quote_outcomes",
    "vehicle_presence_vat_books",
    "vehicle_presence_vat_lines",
    "vehicle_presence_vat_closings",
    "vehicle_presence_vat_exports",
}
"""Of the outcomes, who took note of them may be set, and of the VAT books where their chains
end: grants on columns."""

_IN_SCOPE = (
    "(tenant_id = (( SELECT NULLIF(current_setting('app.tenant'::text, true), ''::text)"
    ' AS "nullif"))::uuid)'
)
_TABLES = """
select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
       pg_get_userbyid(c.relowner) as owner, a.attnotnull as not_null
from pg_class c
left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
  and (a.attname is not null) = :with_tenant
"""
_POLICIES = """
select tablename as name, policyname as policy, permissive, roles, cmd, qual, with_check
from pg_policies where schemaname = 'public'
"""
_UNIQUE = """
select t.relname as name, i.relname as index,
       (select bool_or(a.attname = 'tenant_id') from pg_attribute a
        where a.attrelid = t.oid and a.attnum = any (x.indkey)) as carries_tenant
from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
where t.relnamespace = 'public'::regnamespace and (x.indisunique or x.indisexclusion)
"""
_FOREIGN = """
select t.relname as name, k.conname as key, f.relname as target,
       exists (select 1 from unnest(k.conkey, k.confkey) as pair(here, there)
               join pg_attribute a on a.attrelid = k.conrelid and a.attnum = pair.here
               join pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.there
               where a.attname = 'tenant_id' and b.attname = 'tenant_id') as carries_tenant
from pg_constraint k join pg_class t on t.oid = k.conrelid join pg_class f on f.oid = k.confrelid
where k.contype = 'f' and t.relnamespace = 'public'::regnamespace
"""
_GRANTS = """
select c.relname as name, g.privilege_type as privilege,
       case when g.grantee = 0 then 'PUBLIC' else pg_get_userbyid(g.grantee)::text end as role
from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
"""


async def rows(catalogue: AsyncConnection, query: str, **values: Any) -> list[Any]:
    return list((await catalogue.execute(text(query), values)).all())


async def garage_tables(catalogue: AsyncConnection) -> list[Any]:
    found = await rows(catalogue, _TABLES, with_tenant=True)
    return [table for table in found if table.name not in OF_THE_PLATFORM]


async def grants(catalogue: AsyncConnection, role: str) -> dict[str, set[str]]:
    granted = defaultdict(set)
    for row in await rows(catalogue, _GRANTS):
        if row.role == role:
            granted[row.name].add(row.privilege)
    return granted


async def test_the_scan_sees_every_table_of_the_models(catalogue: AsyncConnection) -> None:
    scoped = {
        mapper.local_table.name
        for mapper in TenantScoped.registry.mappers
        if issubclass(mapper.class_, TenantScoped)
    }
    assert {table.name for table in await garage_tables(catalogue)} == scoped
    assert {"jobs", "vehicle_presence_stays", "polite_notes"} <= scoped


async def test_every_table_of_garages_has_row_level_security_that_is_forced(
    catalogue: AsyncConnection,
) -> None:
    found = await garage_tables(catalogue)
    assert [t.name for t in found if not (t.enabled and t.forced and t.not_null)] == []
    assert {table.owner for table in found} == {OWNER}


async def test_every_table_of_garages_has_the_one_policy_both_ways(
    catalogue: AsyncConnection,
) -> None:
    policies = defaultdict(list)
    for row in await rows(catalogue, _POLICIES):
        policies[row.name].append(row)
    for table in await garage_tables(catalogue):
        (lock,) = [row for row in policies[table.name] if APP in row.roles]
        assert (lock.policy, lock.cmd, lock.roles) == ("tenant_lock", "ALL", [APP])
        assert lock.qual == lock.with_check == _IN_SCOPE


async def test_another_policy_only_ever_lets_the_platform_read(
    catalogue: AsyncConnection,
) -> None:
    others = [row for row in await rows(catalogue, _POLICIES) if row.policy != "tenant_lock"]
    assert [(row.name, row.cmd, row.roles) for row in others] == [("outbox", "SELECT", [PLATFORM])]


async def test_every_unique_key_of_garages_carries_the_garage(
    catalogue: AsyncConnection,
) -> None:
    names = {table.name for table in await garage_tables(catalogue)}
    found = [row for row in await rows(catalogue, _UNIQUE) if row.name in names]
    assert {row.name for row in found} == names
    assert [row.index for row in found if not row.carries_tenant] == []


async def test_every_foreign_key_of_garages_carries_the_garage(
    catalogue: AsyncConnection,
) -> None:
    names = {table.name for table in await garage_tables(catalogue)}
    found = [row for row in await rows(catalogue, _FOREIGN) if names & {row.name, row.target}]
    assert len(found) > 15
    assert [row.key for row in found if not row.carries_tenant] == []


async def test_the_application_may_read_and_write_rows_and_nothing_more(
    catalogue: AsyncConnection,
) -> None:
    granted = await grants(catalogue, APP)
    for table in await garage_tables(catalogue):
        expected = (
            {"SELECT", "INSERT"}
            if table.name in ADD_ONLY
            else {"SELECT", "INSERT", "UPDATE", "DELETE"}
        )
        assert granted.pop(table.name) == expected, table.name
    assert {name.partition("_version")[0] for name in granted} == {"alembic"}
    assert set().union(*granted.values()) == {"SELECT"}


async def test_the_platform_may_touch_no_table_of_garages(catalogue: AsyncConnection) -> None:
    granted = await grants(catalogue, PLATFORM)
    assert [t.name for t in await garage_tables(catalogue) if t.name in granted] == []
    assert granted["support_audit_entries"] == {"SELECT", "INSERT"}


async def test_the_platform_sees_of_the_outbox_who_and_when_only(
    catalogue: AsyncConnection,
) -> None:
    columns = await rows(
        catalogue,
        "select table_name, column_name from information_schema.column_privileges"
        " where grantee = :role and table_name = any (:names)",
        role=PLATFORM,
        names=[table.name for table in await garage_tables(catalogue)],
    )
    assert {tuple(row) for row in columns} == {
        ("outbox", name) for name in ("tenant_id", "due_at", "done_at", "dead_at", "attempts")
    }


async def test_everybody_else_may_do_nothing(catalogue: AsyncConnection) -> None:
    assert await grants(catalogue, "PUBLIC") == {}


async def test_neither_role_can_pass_the_lock(catalogue: AsyncConnection) -> None:
    found = await rows(
        catalogue,
        "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,"
        " exists (select 1 from pg_auth_members m where m.member = r.oid) as is_member"
        " from pg_roles r where rolname = any (:roles)",
        roles=[APP, PLATFORM],
    )
    assert sorted(found) == [(role, *[False] * 5) for role in sorted([APP, PLATFORM])]


async def test_no_view_and_no_function_looks_with_the_owners_eyes(
    catalogue: AsyncConnection,
) -> None:
    views = await rows(
        catalogue,
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and (relkind = 'm' or (relkind = 'v'"
        " and not coalesce(reloptions, '{}') @> '{security_invoker=true}'))",
    )
    functions = await rows(
        catalogue,
        "select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef",
    )
    assert (views, functions) == ([], [])


async def test_a_table_without_garage_is_the_platforms_or_alembics(
    catalogue: AsyncConnection,
) -> None:
    found = {row.name for row in await rows(catalogue, _TABLES, with_tenant=False)}
    versions = {name for name in found if name.startswith("alembic_version")}
    assert found - versions == {"tenants", "support_members", "support_sessions"}
    assert found - versions <= set(Base.metadata.tables)
