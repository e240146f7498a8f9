"""Commands that run the platform: demo, web, worker, beat, migrate, doctor."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from granian import Granian
from granian.constants import Interfaces

from core.cli.house_console import in_house
from core.cli.output import AsJson, say, show
from core.demo.supervisor import Demo, throw_away
from core.doctor import examine
from core.house import House, migrate_schema
from core.settings import RUNTIME_SETTINGS, load_settings
from core.worker import run_beat, run_worker

commands = typer.Typer()
DataDir = Annotated[Path, typer.Option(help="Where the demo keeps everything.")]


@commands.command()
def demo(
    port: Annotated[int, typer.Option(help="Where browsers find it.")] = 8000,
    data_dir: DataDir = Path(".data"),
) -> None:
    """Run the whole platform with two garages and made-up data."""
    Demo(data_dir, port).run()


@commands.command()
def reset(data_dir: DataDir = Path(".data")) -> None:
    """Throw the demo's data away."""
    throw_away(data_dir)
    say(f"{data_dir} is gone; the next demo starts over.")


@commands.command()
def web(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes.")] = 1,
) -> None:
    """Serve pages."""
    settings = load_settings()
    settings.require(*RUNTIME_SETTINGS)
    in_house(settings, _nothing)
    Granian(
        "core.app:serve",
        factory=True,
        interface=Interfaces.ASGI,
        address=host,
        port=port,
        workers=workers,
        websockets=False,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve()


@commands.command()
def worker(
    concurrency: Annotated[int, typer.Option(help="Processes that work.")] = 2,
) -> None:
    """Do background work: photos, mails, clean-ups."""
    settings = load_settings()
    settings.require(*RUNTIME_SETTINGS)
    in_house(settings, _nothing)
    run_worker(settings, concurrency=concurrency)


@commands.command()
def beat() -> None:
    """Give background work the time. Of several only one ticks."""
    settings = load_settings()
    settings.require(*RUNTIME_SETTINGS)
    in_house(settings, _nothing)
    run_beat(settings)


@commands.command()
def migrate(as_json: AsJson = False) -> None:
    """Bring the database up to date, core first, then each plugin."""
    versions = asyncio.run(migrate_schema(load_settings()))
    show(
        [{"component": name, "revision": revision} for name, revision in versions.items()],
        as_json=as_json,
    )


@commands.command()
def doctor(as_json: AsJson = False) -> None:
    """Look for what is wrong with this installation; exit code 1 if anything is."""
    findings = asyncio.run(examine(load_settings()))
    show(
        [{"check": each.check, "ok": each.is_ok, "finding": each.text} for each in findings],
        as_json=as_json,
    )
    if not all(each.is_ok for each in findings):
        raise typer.Exit(1)


async def _nothing(_house: House) -> None:
    """Opening the house is the check: it refuses a database that does not fit."""
