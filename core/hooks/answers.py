"""What a hook may answer: looked at while a wrong one still costs only its own contribution.

A list that is made lazily is made here, so that it cannot fail later in the middle of a page.
"""

from collections.abc import Mapping
from typing import Any

from core.hooks.contributions import (
    Badge,
    CleanupRule,
    NavigationEntry,
    Panel,
    PublicPage,
    TimelineEntry,
)

_ITEMS: Mapping[str, type] = {
    "navigation": NavigationEntry,
    "public_pages": PublicPage,
    "dashboard_cards": Panel,
    "job_card_panels": Panel,
    "job_timeline": TimelineEntry,
    "cleanup_rules": CleanupRule,
}


def checked(hook_name: str, answer: Any) -> Any:
    """The answer, complete.

    Raises:
        TypeError: it is not what the specification asks for.
    """
    if answer is None:
        return None
    if hook_name in _ITEMS:
        return _list_of(_ITEMS[hook_name], answer)
    if hook_name == "job_badges":
        return {key: _list_of(Badge, marks) for key, marks in dict(answer).items()}
    if hook_name == "home_page" and not isinstance(answer, str):
        raise TypeError(f"{answer!r} is no address")
    if hook_name in {"personal_data_export", "audit_labels"}:
        return dict(answer)
    return answer


def _list_of(kind: type, answer: Any) -> list[Any]:
    items = list(answer)
    for item in items:
        if not isinstance(item, kind):
            raise TypeError(f"{item!r} is no {kind.__name__}")
        if isinstance(item, TimelineEntry) and getattr(item.at, "tzinfo", None) is None:
            raise TypeError(f"{item.at!r} is no moment with a time zone")
    return items
