"""The smallest components of a page, drawn by functions: a list has hundreds of them.

The same as macros they would take most of a long page's time. Templates use them as
`ui.icon(…)`, `ui.badge(…)`, `ui.plate(…)`, `ui.action(…)` and `ui.press(…)`, like any other of
`core/ui.html`.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from markupsafe import Markup, escape

page_token: ContextVar[str] = ContextVar("page_token")
"""The token for the forms of the page that is being drawn."""
_NOTHING: Mapping[str, str] = {}


class Components:
    """Components over the addresses of static files."""

    def __init__(self, asset: Callable[[str], str]) -> None:
        self._icons = asset("core/icons.svg")

    def icon(self, name: str, class_: str = "") -> Markup:
        """A picture that says nothing by itself."""
        return Markup(  # noqa: S704 - the icon's name and the class are escaped
            f'<svg class="icon {escape(class_)}" aria-hidden="true">'
            f'<use href="{self._icons}#{escape(name)}"></use></svg>'
        )

    def badge(self, text: str, tone: str = "neutral", icon_name: str | None = None) -> Markup:
        """A word in a tone."""
        icon = self.icon(icon_name) if icon_name else ""
        return Markup(  # noqa: S704 - escaped
            f'<span class="badge {escape(tone)}">{icon}{escape(text)}</span>'
        )

    def plate(self, text: str, country: str = "BE", class_: str = "") -> Markup:
        """A registration plate."""
        other = "" if country == "BE" else "other"
        return Markup(  # noqa: S704 - escaped
            f'<span class="plate {escape(class_)} {other}" translate="no">{escape(text)}</span>'
        )

    def action(  # noqa: PLR0917 - in the order in which templates name them
        self,
        href: str,
        label: str,
        icon_name: str | None = None,
        class_: str = "",
        fields: Mapping[str, Any] = _NOTHING,
        title: str = "",
    ) -> Markup:
        """A form of one button: works without scripts, carries its token."""
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in {"csrf_token": page_token.get(), **fields}.items()
        )
        icon = self.icon(icon_name) if icon_name else ""
        tip = f' title="{escape(title)}"' if title else ""
        return Markup(  # noqa: S704 - escaped
            f'<form method="post" action="{escape(href)}" class="inline">{hidden}'
            f'<button class="button {escape(class_)}"{tip}>{icon}{escape(label)}</button></form>'
        )

    def press(  # noqa: PLR0917 - in the order in which templates name them
        self,
        form: str,
        href: str,
        label: str,
        icon_name: str | None = None,
        class_: str = "",
        title: str = "",
    ) -> Markup:
        """A button that posts to `href` by a form that stands elsewhere on the page, drawn by
        `ui.presses(form)`: a list of buttons needs one form, and what is drawn of it no token."""
        icon = self.icon(icon_name) if icon_name else ""
        tip = f' title="{escape(title)}"' if title else ""
        return Markup(  # noqa: S704 - escaped
            f'<button class="button {escape(class_)}" form="{escape(form)}"'
            f' formaction="{escape(href)}"{tip}>{icon}{escape(label)}</button>'
        )

    def as_globals(self) -> dict[str, Any]:
        """Under the names by which `core/ui.html` passes them on."""
        return {
            "draw_icon": self.icon,
            "draw_badge": self.badge,
            "draw_plate": self.plate,
            "draw_action": self.action,
            "draw_press": self.press,
        }
