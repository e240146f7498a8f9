"""Jinja for pages and mails: one environment, a folder of templates per package."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined, select_autoescape

from core import i18n
from core.tenancy.context import current_tenant


def _in_zone(formatter: Callable[..., str]) -> Callable[..., str]:
    def apply(value: date | datetime | None, *args: Any) -> str:
        return formatter(value, current_tenant().zone, *args)

    return apply


def build_environment(packages: Mapping[str, str], **globals_: Any) -> Environment:
    """The environment over `{prefix: package}`; `prefix/page.html` is looked for in the
    package's `templates/page.html`. Text templates (`.txt`) are not HTML-escaped."""
    environment = Environment(
        loader=PrefixLoader(
            {prefix: PackageLoader(package) for prefix, package in packages.items()}
        ),
        autoescape=select_autoescape(enabled_extensions=("html", "svg"), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        auto_reload=False,
        cache_size=-1,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined] # added by the extension
        i18n.gettext, i18n.choose_plural, newstyle=True
    )
    environment.filters.update(
        format_date=_in_zone(i18n.format_date),
        format_time=_in_zone(i18n.format_time),
        format_datetime=_in_zone(i18n.format_datetime),
        format_money=i18n.format_money,
    )
    environment.globals.update(globals_)
    return environment
