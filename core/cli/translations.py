"""Commands for whoever translates: core's catalogues and those of any plugin."""

from typing import Annotated

import typer

from core.catalogues import untranslated, update_catalogues
from core.cli.output import AsJson, say, show
from core.hooks.loading import load_plugins
from core.settings import load_settings

Packages = Annotated[
    list[str] | None,
    typer.Argument(help="Dotted packages; without any: core, tenants and the installed plugins."),
]

translations = typer.Typer(
    name="translations", help="Catalogues of texts, per language.", no_args_is_help=True
)


@translations.command("update")
def update(packages: Packages = None) -> None:
    """Bring the catalogues in line with the texts in code and templates."""
    for package in packages or installed_packages():
        say(f"{package}: {update_catalogues(package)} texts")


@translations.command("check")
def check(packages: Packages = None, as_json: AsJson = False) -> None:
    """Name every text that a language lacks; exit code 1 if there is one."""
    missing = list(untranslated(packages or installed_packages()))
    show(
        [
            {"package": each.package, "language": each.language, "text": each.message}
            for each in missing
        ],
        as_json=as_json,
        empty="Every text is translated.",
    )
    if missing:
        raise typer.Exit(1)


def installed_packages() -> list[str]:
    """Core, tenants and the plugins of the settings."""
    hooks, _broken = load_plugins(load_settings().plugins)
    return ["core", "tenants", *(manifest.package for manifest in hooks.manifests.values())]
