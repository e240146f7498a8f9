"""Typing commands: in this process where that is enough, because a process of its own takes
seconds."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import Result
from redis import Redis
from typer.testing import CliRunner

from core.background.console import install_console
from core.cli import create_cli
from core.cli.house_console import HouseConsole
from core.house import House
from core.pulse import BEAT, WORKER, leave_sign
from core.settings import Settings
from tests.commands import environment
from tests.servers import Servers
from tests.worlds import as_it_was


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal with these settings in its environment."""

    settings: Settings

    async def type(self, *words: str, text_in: str = "") -> Result:
        """Type a command and wait for its end."""
        return await asyncio.to_thread(self._run, words, text_in)

    async def json(self, *words: str) -> Any:
        """What a command that succeeds answers in JSON."""
        result = await self.type(*words, "--json")
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.stdout)

    def _run(self, words: tuple[str, ...], text_in: str) -> Result:
        with as_it_was():
            install_console(HouseConsole(self.settings))
            cli = create_cli(self.settings)
            return CliRunner(env=environment(self.settings)).invoke(
                cli, list(words), input=text_in, prog_name="garagist"
            )


@pytest.fixture
def terminal(house: House) -> Terminal:
    """A terminal of the installation under test."""
    return Terminal(house.settings)


@pytest.fixture(autouse=True)
def signs_of_life(servers: Servers) -> None:
    """As if beat and worker ran, in both of the Redis that tests of commands use."""
    for number in (0, 1):
        with Redis.from_url(f"{servers.valkey.url.removesuffix('/0')}/{number}") as redis:
            for who in (BEAT, WORKER):
                leave_sign(redis, who)
