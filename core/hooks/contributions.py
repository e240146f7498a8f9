"""What hooks return: small frozen values, so that a plugin cannot reach into the page."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

Tone = Literal["neutral", "info", "good", "warning", "danger"]


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """An entry of a menu. `area` is `desk` (staff) or `portal` (customers)."""

    label: str
    href: str
    icon: str = "list"
    area: Literal["desk", "portal"] = "desk"
    position: int = 100
    permission: str | None = None
    badge: str | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A block on a page, drawn by the plugin's own template with its own values.

    `place` is `header`, `main` or `side`; lower `position` stands higher.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    place: Literal["header", "main", "side"] = "side"
    position: int = 100


@dataclass(frozen=True, slots=True)
class Badge:
    """A short mark on a row of a list: text, icon and tone, never tone alone."""

    text: str
    icon: str = "info"
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class Permission:
    """Something a role may do. `name` is `<plugin>.<verb>`; `roles` have it by default."""

    name: str
    label: Mapping[str, str]
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """A kind of work that the outbox hands over after commit, at least once.

    `run(session, payload)` does the work in one unit of work of the garage; it must be
    harmless when it runs twice. `name` is `<plugin>.<verb>`.
    """

    name: str
    run: "Callable[[AsyncSession, Mapping[str, Any]], Awaitable[None]]"


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """Recurring work per garage, fanned out by beat to every garage where it is on.

    `run(session)` is called in a unit of work of the garage. `every_seconds` is the
    distance between two runs; `local_hour` (0-23), if given, means once a day at that hour
    of the garage's own clock instead.
    """

    name: str
    run: "Callable[[AsyncSession], Awaitable[None]]"
    every_seconds: int = 3600
    local_hour: int | None = None


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """A mail that a garage sends: subject and two bodies, in the customer's language.

    `load(session, payload)` returns the values for the templates, or None where the mail
    no longer makes sense (an appointment that was cancelled meanwhile).
    `template` is the path without ending: `<plugin>/mail/name` → `.subject.txt`, `.txt`,
    `.html`. `attach(values)` may return (file name, content type, bytes) triples, and
    `alternatives(values)` (content type, bytes) pairs: further versions of the body, such as an
    invitation that a calendar reads. A content type may have parameters
    (`text/calendar; method=REQUEST`). `headers(values)` may return more lines of the head.
    """

    name: str
    template: str
    load: "Callable[[AsyncSession, Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]"
    attach: "Callable[[Mapping[str, Any]], list[tuple[str, str, bytes]]] | None" = None
    alternatives: "Callable[[Mapping[str, Any]], list[tuple[str, bytes]]] | None" = None
    headers: "Callable[[Mapping[str, Any]], Mapping[str, str]] | None" = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A dated line on a job's timeline."""

    at: datetime
    text: str
    icon: str = "info"
