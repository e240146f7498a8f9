"""Commands that run the platform."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from core.db.revisions import head_of
from core.embedded.postgres import ADMIN, OWNER
from core.embedded.process import free_port
from core.errors import DatabaseUnreachable, SchemaMismatch
from core.house import House
from tests.cli.conftest import Terminal
from tests.servers import OUTSIDE_PLUGINS, Servers
from tests.worlds import another_world

BREAKABLE = "garagist_breakable"


@pytest.fixture
async def breakable(servers: Servers, house: House) -> AsyncIterator[House]:
    """An installation that a test may break."""
    async with another_world(servers, house, BREAKABLE) as world:
        yield world


async def execute(servers: Servers, statement: str, *, role: str = OWNER) -> None:
    """Do something to the breakable database that no code of ours does."""
    connection = await asyncpg.connect(servers.postgres.url(role, BREAKABLE))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_help_names_every_command(terminal: Terminal) -> None:
    text = (await terminal.type("--help")).stdout
    commands = set(re.findall(r"^  ([a-z]+)  ", text, re.MULTILINE))
    own = {"demo", "reset", "web", "worker", "beat", "migrate", "doctor"}
    platform = {"tenants", "plugins", "staff", "support", "outbox", "translations"}
    of_plugins = {"presence", "polite"}
    assert commands == own | platform | of_plugins
    assert text.startswith("Usage: garagist ")


async def test_every_command_explains_itself(terminal: Terminal) -> None:
    commands = re.findall(r"^  ([a-z]+)  ", (await terminal.type("--help")).stdout, re.MULTILINE)
    for command in commands:
        result = await terminal.type(command, "--help")
        assert result.exit_code == 0
        assert "Usage:" in result.stdout, command


async def test_migrating_twice_is_harmless_and_says_where_the_database_is(
    terminal: Terminal, house: House
) -> None:
    wanted = [{"component": part.name, "revision": head_of(part)} for part in house.components]
    assert await terminal.json("migrate") == wanted
    assert await terminal.json("migrate") == wanted


async def test_doctor_finds_nothing_wrong_with_a_good_installation(
    terminal: Terminal,
) -> None:
    findings = await terminal.json("doctor")
    assert [each["check"] for each in findings if not each["ok"]] == []
    assert {"schema", "row level security", "roles", "redis", "storage", "routes"} <= {
        each["check"] for each in findings
    }


BEHIND = (
    "the database is at revision 0000 of polite, this code needs 0001: run `garagist migrate`,"
    " or start the newer release that made it so"
)
BREAKAGES = {
    "a policy is gone": (
        "drop policy tenant_lock on jobs",
        "row level security",
        "no row level security on: jobs",
    ),
    "row level security does not bind the owner": (
        "alter table customers no force row level security",
        "row level security",
        "no row level security on: customers",
    ),
    "a plugin's table is open": (
        "alter table polite_notes disable row level security",
        "row level security",
        "no row level security on: polite_notes",
    ),
    "a plugin is not installed any more": (
        "create table alembic_version_tyre_hotel (version_num varchar(32) primary key)",
        "left over",
        "of plugins that are not installed any more: alembic_version_tyre_hotel",
    ),
    "the schema is behind": (
        "update alembic_version_polite set version_num = '0000'",
        "schema",
        BEHIND,
    ),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
async def test_doctor_names_what_is_wrong_with_the_database(
    servers: Servers, breakable: House, breakage: str
) -> None:
    statement, check, text = BREAKAGES[breakage]
    await execute(servers, statement)
    result = await Terminal(breakable.settings).type("doctor", "--json")
    assert result.exit_code == 1
    assert await wrong(breakable, {}) == {check: text}


async def wrong(world: House, changes: dict[str, Any]) -> dict[str, str]:
    """What doctor finds wrong where those settings are other ones."""
    settings = world.settings.model_copy(update=changes)
    result = await Terminal(settings).type("doctor", "--json")
    assert result.exit_code == 1, result.output
    return {each["check"]: each["finding"] for each in json.loads(result.stdout) if not each["ok"]}


async def test_doctor_names_who_gives_no_sign_of_life(breakable: House) -> None:
    async with breakable.signs_of_life() as redis:
        await redis.delete("garagist:pulse:beat")
    found = await wrong(breakable, {})
    assert found == {"signs of life": "no sign of: beat for a day or longer: does it run?"}


async def test_doctor_names_a_role_that_may_pass_the_lock(
    servers: Servers, breakable: House
) -> None:
    await execute(servers, "create role too_wide login bypassrls password 'x'", role=ADMIN)
    try:
        url = servers.postgres.url(OWNER, BREAKABLE)
        wide = re.sub(r"//[^@]+@", "//too_wide:x@", url)
        for changed in (url, wide):
            found = await wrong(breakable, {"database_url": changed})
            assert "owns tables or may pass row level security" in found["roles"]
    finally:
        await execute(servers, "drop role too_wide", role=ADMIN)


SLY = "tests.outside_plugins.sly:plugin"
NOWHERE = f"127.0.0.1:{free_port()}"


@pytest.mark.parametrize(
    ("changes", "check", "text"),
    [
        ({"redis_url": f"redis://{NOWHERE}/0"}, "redis", "Error 111 connecting to"),
        ({"storage_url": "file:///proc/nowhere"}, "settings and plugins", "/proc/nowhere"),
        ({"storage_url": "ftp://somewhere"}, "settings and plugins", "STORAGE_URL must begin"),
        ({"smtp_url": ""}, "settings and plugins", "missing setting: SMTP_URL"),
        ({"platform_database_url": f"postgresql://a:b@{NOWHERE}/x"}, "schema", "no connection to"),
    ],
)
async def test_doctor_names_a_door_that_does_not_open(
    house: House, changes: dict[str, Any], check: str, text: str
) -> None:
    assert text in (await wrong(house, changes))[check]


async def test_doctor_names_a_wrong_password(house: House) -> None:
    url = re.sub(r":[^:@]+@", ":wrong@", house.settings.database_url)
    found = await wrong(house, {"database_url": url})
    assert "password authentication failed" in found["row level security"]


async def test_in_safe_mode_doctor_names_the_plugin_that_was_left_out(house: House) -> None:
    plugins = (*house.settings.plugins, "no_such_plugin:plugin")
    found = await wrong(house, {"plugins": plugins, "safe_mode": True})
    assert found == {
        "settings and plugins": "no_such_plugin:plugin: No module named 'no_such_plugin'"
    }


async def test_doctor_names_routes_of_a_plugin_that_pass_the_gate(house: House) -> None:
    found = await wrong(house, {"plugins": (*house.settings.plugins, SLY)})
    assert found == {"routes": "routes of sly pass the gate: /sly/borrowed, /sly/open"}


async def test_uninstalling_a_plugin_leaves_the_others_working_and_its_table_is_named(
    breakable: House,
) -> None:
    without = tuple(name for name in breakable.settings.plugins if name not in OUTSIDE_PLUGINS)
    settings = breakable.settings.model_copy(update={"plugins": without})
    migrated = await Terminal(settings).json("migrate")
    assert "polite" not in {each["component"] for each in migrated}
    assert (await Terminal(settings).type("tenants", "list")).exit_code == 0
    assert "alembic_version_polite" in (await wrong(breakable, {"plugins": without}))["left over"]


@pytest.mark.parametrize("command", ["web", "worker", "beat", "tenants list"])
async def test_on_a_database_that_is_behind_nothing_starts(
    servers: Servers, breakable: House, command: str
) -> None:
    await execute(servers, "update alembic_version_polite set version_num = '0000'")
    result = await Terminal(breakable.settings).type(*command.split())
    assert isinstance(result.exception, SchemaMismatch)
    assert "revision 0000 of polite" in str(result.exception)
    assert "run `garagist migrate`" in str(result.exception)


@pytest.mark.parametrize("command", ["web", "worker", "beat", "migrate", "tenants list"])
async def test_without_a_database_every_command_says_so(house: House, command: str) -> None:
    nowhere = f"postgresql://somebody:secret@{NOWHERE}/x"
    names = ("database_url", "platform_database_url", "migration_database_url")
    settings = house.settings.model_copy(update=dict.fromkeys(names, nowhere))
    result = await Terminal(settings).type(*command.split())
    assert isinstance(result.exception, DatabaseUnreachable)
    assert NOWHERE in str(result.exception)
    assert "secret" not in str(result.exception)
