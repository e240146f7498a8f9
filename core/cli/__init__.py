"""`garagist`: running the platform and looking after its garages from a terminal."""

import sys

import typer

from core.background.console import install_console
from core.cli import garages, running
from core.cli.house_console import HouseConsole
from core.cli.outbox import outbox
from core.cli.translations import translations
from core.errors import GaragistError
from core.hooks.loading import load_plugins
from core.logs import configure_logs
from core.settings import Settings, load_settings


def create_cli(settings: Settings) -> typer.Typer:
    """All commands, those of plugins included."""
    cli = typer.Typer(
        name="garagist",
        help="A plugin-based multi-tenant platform for car repair and body shops.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    cli.add_typer(running.commands)
    for group in (*garages.GROUPS, outbox, translations):
        cli.add_typer(group)
    hooks, _broken = load_plugins(settings.plugins, safe_mode=settings.safe_mode)
    for _plugin, offered in hooks.ask_all("commands"):
        for group in [offered] if isinstance(offered, typer.Typer) else offered:
            cli.add_typer(group)
    return cli


def main() -> None:
    """Run a command; what Garagist refuses on purpose is one line and exit code 1."""
    try:
        settings = load_settings()
        configure_logs()
        install_console(HouseConsole(settings))
        create_cli(settings)(prog_name="garagist")
    except GaragistError as error:
        sys.stderr.write(f"garagist: {error}\n")
        sys.exit(1)
