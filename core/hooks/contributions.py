"""What hooks return: small frozen values, so that a plugin cannot reach into the page."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from core.tenancy.context import TenantContext

Tone = Literal["neutral", "info", "good", "warning", "danger"]
LeftAt = Mapping["UUID", datetime | None]
"""Job → when its vehicle left, or None where that is not known."""


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """An entry of a menu. `area` is `desk` (staff), `portal` (customers) or `foot` (the end of
    every page for customers)."""

    label: str
    href: str
    icon: str = "list"
    area: Literal["desk", "portal", "foot"] = "desk"
    position: int = 100
    permission: str | None = None
    badge: str | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class PublicPage:
    """A page that search engines may list.

    `paths` are its addresses on the garage's host by language, the one for everybody else first.
    `description` says in a sentence what is there, in the language that was asked for. `image` is
    the path of a picture of it, `needs` are the beginnings of paths that it loads things from
    beside static files.
    """

    paths: Mapping[str, str]
    description: str = ""
    image: str = ""
    needs: tuple[str, ...] = ()


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
class Column:
    """A column that is added to a list of jobs: a heading, and marks by the job's id."""

    heading: str
    cells: "Mapping[UUID, Sequence[Badge]]"
    position: int = 100


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
    harmless when it runs twice. `name` is `<plugin>.<verb>`. What raises is tried again for
    about two days, or `most_attempts` times; `given_up(session, payload)`, if any, then notes
    what became of it.
    """

    name: str
    run: "Callable[[AsyncSession, Mapping[str, Any]], Awaitable[None]]"
    most_attempts: int | None = None
    given_up: "Callable[[AsyncSession, Mapping[str, Any]], Awaitable[None]] | None" = None


@dataclass(frozen=True, slots=True)
class Again:
    """What work answers that is not at its end: it is called again, in a unit of work of its
    own, after a rest as long as it took and at least `pause_seconds`."""

    pause_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """Recurring work per garage, fanned out by beat to every garage where it is on.

    `run(session)` is called in a unit of work of the garage; work that is long does a part of
    it and answers :class:`Again`. `every_seconds` is the distance between two runs;
    `local_hour` (0-23, or what tells it of a garage), if given, means once a day at that hour
    of the garage's own clock instead.
    """

    name: str
    run: "Callable[[AsyncSession], Awaitable[Again | None]]"
    every_seconds: int = 3600
    local_hour: "int | Callable[[TenantContext], int] | None" = None

    def hour_in(self, tenant: "TenantContext") -> int | None:
        """The hour of a garage's clock at which this is due; None for one of every so often."""
        return self.local_hour(tenant) if callable(self.local_hour) else self.local_hour


@dataclass(frozen=True, slots=True)
class VehicleMoment:
    """A vehicle, known by its job, and the moment at which it came or went."""

    job_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class VehicleTimes:
    """When a vehicle came, and when it left, if it did."""

    arrived_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class VehicleTimesChanged:
    """A vehicle, known by its job, of which other times are known now than `before`."""

    job_id: UUID
    before: VehicleTimes
    after: VehicleTimes


@dataclass(frozen=True, slots=True)
class VehicleHandedOver:
    """A vehicle that was in for one job and stays for another one since `at`."""

    from_job_id: UUID
    to_job_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class CleanupRule:
    """A reason to think that a vehicle has left although it is still marked in.

    `name` is `<plugin>.<what>`. `find(session, job_ids, before)` gets a whole batch of jobs
    whose vehicles are inside, and answers those to which the rule applies since `before` or
    earlier: with the moment at which the vehicle left as far as this evidence goes, or None
    where it does not say when. A garage may switch it on and off, change its `days`, and choose
    whether a person decides (`propose`) or a moment is noted without one (`automatic`). Until it
    chose, a person decides: `mode` is what the rule's maker would choose, and changes nothing.
    """

    name: str
    label: Mapping[str, str]
    find: "Callable[[AsyncSession, Sequence[UUID], datetime], Awaitable[LeftAt]]"
    days: int = 7
    mode: Literal["propose", "automatic"] = "propose"
    is_on: bool = True


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
