"""Typing commands: in this process where that is enough, because a process of its own takes
seconds."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from core import settings as settings_module
from core import storage as storage_module
from core.background import console as console_module
from core.background.console import install_console
from core.cli import create_cli
from core.cli.house_console import HouseConsole
from core.hooks import manager as manager_module
from core.house import House
from core.settings import Settings
from core.workshop.notifications import live
from tests.commands import environment

INSTALLED = (settings_module, storage_module, manager_module, console_module, live)


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
        with _as_it_was():
            install_console(HouseConsole(self.settings))
            cli = create_cli(self.settings)
            return CliRunner(env=environment(self.settings)).invoke(
                cli, list(words), input=text_in, prog_name="garagist"
            )


@contextmanager
def _as_it_was() -> Iterator[None]:
    """A command opens a house of its own; afterwards this process has its first one again."""
    before = [list(module._installed) for module in INSTALLED]  # noqa: SLF001
    try:
        yield
    finally:
        for module, installed in zip(INSTALLED, before, strict=True):
            module._installed[:] = installed  # noqa: SLF001


@pytest.fixture
def terminal(house: House) -> Terminal:
    """A terminal of the installation under test."""
    return Terminal(house.settings)
