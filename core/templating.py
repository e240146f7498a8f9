"""Jinja for pages and mails: one environment, a folder of templates per package."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from jinja2 import (
    Environment,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    pass_eval_context,
    select_autoescape,
)
from jinja2.nodes import EvalContext
from markupsafe import Markup

from core import i18n
from core.tenancy.context import current_tenant


def _in_zone(formatter: Callable[..., str]) -> Callable[..., str]:
    def apply(value: date | datetime | None, *args: Any) -> str:
        return formatter(value, current_tenant().zone, *args)

    return apply


@pass_eval_context
def _translate(eval_context: EvalContext, message: str, **values: Any) -> str:
    """What the extension's own new style does, without a context made for each text of a list."""
    text = i18n.gettext(message)
    if eval_context.autoescape:
        text = Markup(text)  # noqa: S704 - texts of ours; the values are escaped by `%`
    return text % values if values or "%" in text else text


@pass_eval_context
def _translate_plural(
    eval_context: EvalContext, singular: str, plural: str, num: int, **values: Any
) -> str:
    text = i18n.choose_plural(singular, plural, num)
    if eval_context.autoescape:
        text = Markup(text)  # noqa: S704 - texts of ours; the values are escaped by `%`
    return text % {"num": num, **values}


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
    environment.globals.update(_=_translate, gettext=_translate, ngettext=_translate_plural)
    environment.filters.update(
        format_date=_in_zone(i18n.format_date),
        format_time=_in_zone(i18n.format_time),
        format_datetime=_in_zone(i18n.format_datetime),
        format_money=i18n.format_money,
    )
    environment.globals.update(globals_)
    return environment
