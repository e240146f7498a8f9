"""What a hook may answer: looked at while a wrong one still costs only its own contribution.

A list that is made lazily is made here, so that it cannot fail later in the middle of a page.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin, get_type_hints

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
    "job_sheet_panels": Panel,
    "job_timeline": TimelineEntry,
    "cleanup_rules": CleanupRule,
}


def items_of(spec: Any) -> type | None:
    """What a plugin's own hook is specified to answer a `Sequence` of; None where it answers
    something else, which its plugin looks at itself."""
    answer = get_type_hints(spec).get("return")
    kinds = get_args(answer)
    listed = get_origin(answer) is Sequence and len(kinds) == 1 and isinstance(kinds[0], type)
    return kinds[0] if listed else None


def checked(hook_name: str, answer: Any, items: type | None = None) -> Any:
    """The answer, complete. `items` is what a plugin's own hook answers a list of.

    Raises:
        TypeError: it is not what the specification asks for.
    """
    if answer is None:
        return None
    kind = _ITEMS.get(hook_name, items)
    if kind is not None:
        return _list_of(kind, answer)
    if hook_name == "job_badges":
        return {key: _list_of(Badge, marks) for key, marks in dict(answer).items()}
    if hook_name in {"home_page", "appointment_notice"} and not isinstance(answer, str):
        raise TypeError(f"{answer!r} is no address")
    if hook_name == "vehicle_is_here" and not isinstance(answer, bool):
        raise TypeError(f"{answer!r} is neither yes nor no")
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
