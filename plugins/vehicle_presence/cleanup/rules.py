"""Reasons to think that a vehicle has left: our own, and those that other plugins add.

A rule says that a vehicle is worth a look. *When* it left is said by evidence only: the moment
at which the job became delivered or invoiced, whichever came first, the book-out date, or what a
plugin's rule knows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.hooks.contributions import CleanupRule, LeftAt
from core.hooks.manager import hooks
from core.hooks.manifest import in_language
from core.i18n import current_language, gettext_noop
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from plugins.vehicle_presence.cleanup.candidates import Candidate
from plugins.vehicle_presence.cleanup.models import RuleChoice
from plugins.vehicle_presence.repository import FINISHED
from plugins.vehicle_presence.services import settings
from plugins.vehicle_presence.vat_book.closing_repository import closed_months

MONTH_CLOSED = "month_closed"
"""Why a person is asked although there is evidence, and a rule that acts."""
Mode = Literal["propose", "automatic"]
Applies = Callable[[Candidate, datetime], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as a garage has it; until it chose, a rule proposes, whoever brought it. `may_act`
    says whether it can know when a vehicle left, so that it may act without a person; `added_by`
    is the plugin that brought it."""

    name: str
    labels: Mapping[str, str]
    days: int
    mode: Mode = "propose"
    is_on: bool = True
    may_act: bool = True
    applies: Applies | None = None
    added: CleanupRule | None = None
    added_by: str = ""

    @property
    def label(self) -> str:
        """What it is called in the person's language; our own are in our catalogue."""
        text = in_language(self.labels, current_language())
        return text if self.added_by else _(text)

    @property
    def acts(self) -> bool:
        """Whether it notes an exit without a person."""
        return self.may_act and self.mode == "automatic"


@dataclass(frozen=True, slots=True)
class Evidence:
    """When a vehicle left, and what says so, as it is stored with the stay."""

    moment: datetime
    facts: Mapping[str, Any]

    @property
    def stored(self) -> dict[str, Any]:
        """The facts with their moment."""
        return {**self.facts, "moment": self.moment.isoformat()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the clean-up thinks of one vehicle: it left, with the evidence; or, where there is a
    `doubt`, a person decides. Then `left_at` is what the evidence proposes, if it says
    anything."""

    candidate: Candidate
    left_at: datetime | None
    evidence: dict[str, Any]
    doubt: str | None


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that applies to a vehicle; `evidence` is what a plugin's rule knows."""

    rule: Rule
    evidence: Evidence | None = None


@dataclass(slots=True)
class Judge:
    """Weighs whole batches by the rules that are on."""

    rules: Sequence[Rule]
    moment: datetime = field(default_factory=now)

    async def weigh(self, session: AsyncSession, batch: Sequence[Candidate]) -> list[Verdict]:
        """Verdicts on those of the batch to which a rule applies, in the batch's order. Each
        plugin's rule is asked once."""
        found = {rule.name: await self._found_by(rule, session, batch) for rule in self.rules}
        verdicts = []
        for candidate in batch:
            fired = [
                Fired(rule, _evidence_of(rule, found[rule.name].get(candidate.job_id)))
                for rule in self.rules
                if self._applies(rule, candidate, found[rule.name])
            ]
            if fired:
                verdicts.append(self._verdict(candidate, fired))
        return await _asking_about_closed_months(session, verdicts)

    def _applies(self, rule: Rule, candidate: Candidate, found: LeftAt) -> bool:
        if rule.applies is None:
            return candidate.job_id in found
        return rule.applies(candidate, self._before(rule))

    def _before(self, rule: Rule) -> datetime:
        return self.moment - timedelta(days=rule.days)

    async def _found_by(
        self, rule: Rule, session: AsyncSession, batch: Sequence[Candidate]
    ) -> LeftAt:
        if rule.added is None:
            return {}
        find, job_ids = rule.added.find, [each.job_id for each in batch]

        async def ask() -> dict[UUID, datetime | None]:
            return _checked(await find(session, job_ids, self._before(rule)))

        return await hooks().guarded(rule.added_by, "cleanup_rules", session, ask) or {}

    def _verdict(self, candidate: Candidate, fired: Sequence[Fired]) -> Verdict:
        """What is known of the job says more than what a plugin adds."""
        known = _known(candidate)
        acting = [each for each in fired if each.rule.acts and (known or each.evidence)]
        evidence = known or next((each.evidence for each in fired if each.evidence), None)
        if evidence is not None and not self._is_possible(candidate, evidence.moment):
            return Verdict(candidate, None, {}, "contradiction")
        if acting and evidence is not None:
            return Verdict(candidate, evidence.moment, evidence.stored, None)
        reason = _reason(candidate, fired[0].rule)
        if evidence is None:
            return Verdict(candidate, None, _named(fired[0].rule), reason)
        return Verdict(candidate, evidence.moment, evidence.stored, reason)

    def _is_possible(self, candidate: Candidate, moment: datetime) -> bool:
        """Whether it lies behind the last moment at which the vehicle was here, as far as known."""
        return candidate.here_at <= moment <= self.moment


async def _asking_about_closed_months(
    session: AsyncSession, verdicts: Sequence[Verdict]
) -> list[Verdict]:
    """Nothing is noted in a closed month of the VAT book without a person."""
    if all(each.doubt for each in verdicts):
        return list(verdicts)
    closed = await closed_months(session)
    return [
        replace(each, doubt=MONTH_CLOSED)
        if each.doubt is None
        and each.left_at is not None
        and closed.hold(each.candidate.location_id, each.left_at)
        else each
        for each in verdicts
    ]


def _known(candidate: Candidate) -> Evidence | None:
    """What the job itself says about when its vehicle left."""
    day = candidate.book_out_date
    booked_out = {"book_out_date": day.isoformat()} if day is not None else {}
    if candidate.handed_over is not None:
        status, moment = candidate.handed_over
        return Evidence(moment, {"status": status, **booked_out})
    if day is not None and candidate.status in FINISHED:
        end = datetime.combine(day, time(23, 59), current_tenant().zone)
        return Evidence(end, booked_out)
    return None


def _evidence_of(rule: Rule, moment: datetime | None) -> Evidence | None:
    if moment is None or rule.added is None:
        return None
    return Evidence(moment, _named(rule))


def _named(rule: Rule) -> dict[str, Any]:
    """What keeps a plugin's rule readable where that plugin is off or gone."""
    return {"rule": rule.name, "label": dict(rule.labels)} if rule.added_by else {}


def _reason(candidate: Candidate, rule: Rule) -> str:
    if rule.name == "booked_out" and candidate.status not in FINISHED:
        return "booked_out_unfinished"
    return rule.name


def _checked(answer: LeftAt) -> dict[UUID, datetime | None]:
    """The answer of a plugin's rule.

    Raises:
        TypeError: a moment has no time zone.
    """
    for moment in answer.values():
        if moment is not None and moment.tzinfo is None:
            raise TypeError(f"{moment!r} is no moment with a time zone")
    return dict(answer)


def _handed_over(candidate: Candidate, before: datetime) -> bool:
    return candidate.handed_over is not None and candidate.handed_over[1] < before


def _booked_out(candidate: Candidate, before: datetime) -> bool:
    day = before.astimezone(current_tenant().zone).date()
    return candidate.book_out_date is not None and candidate.book_out_date < day


def _ready(candidate: Candidate, before: datetime) -> bool:
    return candidate.status == "ready" and candidate.status_changed_at < before


def _cancelled(candidate: Candidate, before: datetime) -> bool:
    return candidate.status == "cancelled" and candidate.status_changed_at < before


def _quiet(candidate: Candidate, before: datetime) -> bool:
    return candidate.last_activity < before


def built_in_rules() -> list[Rule]:
    """Our own, the strongest reason first, with the days that support set for the garage."""
    after, quiet_after = settings().sweep_after_days, settings().ask_after_days

    def rule(name: str, label: str, days: int, applies: Applies, **more: Any) -> Rule:
        return Rule(name, {"en": label}, days, applies=applies, **more)

    return [
        rule("delivered", gettext_noop("Delivered or invoiced"), after, _handed_over),
        rule("booked_out", gettext_noop("Book-out date is past"), after, _booked_out),
        rule("ready", gettext_noop("Ready, but not handed over"), after, _ready, may_act=False),
        rule("cancelled", gettext_noop("Job cancelled"), after, _cancelled, may_act=False),
        rule("quiet", gettext_noop("No activity"), quiet_after, _quiet, may_act=False),
    ]


async def offered_rules(session: AsyncSession) -> list[Rule]:
    """All rules of the garage in scope as it wants them, those of other plugins before
    *no activity*, which says least."""
    own = built_in_rules()
    added = [
        Rule(each.name, each.label, each.days, is_on=each.is_on, added=each, added_by=plugin)
        for plugin, rules in (await hooks().ask_by_plugin("cleanup_rules")).items()
        for each in rules
    ]
    choices = {choice.name: choice for choice in await session.scalars(select(RuleChoice))}
    return [_as_chosen(rule, choices.get(rule.name)) for rule in [*own[:-1], *added, own[-1]]]


async def judge_of(session: AsyncSession) -> Judge:
    """Whoever judges by the rules that are on in the garage in scope."""
    return Judge([rule for rule in await offered_rules(session) if rule.is_on])


def _as_chosen(rule: Rule, choice: RuleChoice | None) -> Rule:
    if choice is None:
        return rule
    return replace(rule, is_on=choice.is_on, days=choice.days, mode=cast("Mode", choice.mode))
