"""A garage's past weeks and next days as a plan: forty jobs with everything that happens to
them. Pure arithmetic; :mod:`core.demo.telling` acts it out."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from core.demo.cars import Car, cars_of
from core.demo.courses import COURSES, Course
from core.demo.damages import COMMENTS, EXPERTS, INSURERS, LARGE, SMALL, Damage
from core.demo.people import customers_of
from core.demo.working_time import WorkingTime
from core.workshop.customers.services import Contact
from core.workshop.jobs.stages import DEFAULT_FLOWS

LARGE_FLOW, SMALL_FLOW = "Standard", "Smart repair"
_CHECK_IN = timedelta(minutes=15)
_ESTIMATE = timedelta(minutes=35)
_SHIFT = 0.12
"""Working days by which a course is moved back at random, so that two garages differ."""
_LATE = 2.0
"""Working days by which a job that waits for a part misses what was promised."""
_BEGUN = frozenset({"body", "repair", "paint"})
"""The long tasks, whose beginning is noted even if nobody waits for their end."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a job from its first to its last minute. One that is done in a click has no
    `begins`; a skipped one ends when somebody said so."""

    key: str
    begins: datetime | None
    ends: datetime
    is_skipped: bool = False
    held_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Who pays, as the job card says it."""

    claim_capacity: str
    insurer: str | None = None
    expert: str | None = None
    claim_number: str | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """What a job is about: whose car, which damage, who pays, and how the garage heard of it."""

    contact: Contact
    car: Car
    damage: str
    zones: tuple[str, ...]
    claim: Claim
    comment: str
    is_online: bool


@dataclass(frozen=True, slots=True)
class Story:
    """One job with everything that happens to it; moments may lie in the future."""

    course: Course
    matter: Matter
    opened: datetime
    visit: datetime | None
    planned: datetime | None
    arrival: datetime | None
    ready: datetime | None
    delivered: datetime | None
    invoiced: datetime | None
    cancelled: datetime | None
    booked_out: datetime | None
    promised: date | None
    tasks: tuple[Task, ...]

    @property
    def has_photos(self) -> bool:
        """Whether photos come with the job or are taken at check-in."""
        from_customer = self.matter.is_online and self.course.customer_photos > 0
        return from_customer or self.course.workshop_photos > 0

    @property
    def flow(self) -> str:
        """The name of the damage flow."""
        return SMALL_FLOW if self.course.is_small else LARGE_FLOW


def stories_of(
    slug: str, language: str, *, has_portal: bool, time: WorkingTime, dice: random.Random
) -> list[Story]:
    """The stories of one garage, in the order in which the jobs were opened."""
    courses = sorted((_shifted(course, dice) for course in COURSES), key=lambda each: each.opened)
    customers = customers_of(slug, dice)
    cars = cars_of(language, [time.local_date(time.at(course.opened)) for course in courses], dice)
    small, large = (iter(dice.sample(damages, len(damages))) for damages in (SMALL, LARGE))
    found = []
    for course, car in zip(courses, cars, strict=True):
        is_online = has_portal and course.is_online
        contact = next(each for each in customers if each.email or not is_online)
        customers.remove(contact)
        damage = next(small if course.is_small else large)
        matter = Matter(
            contact=contact,
            car=car,
            damage=damage.text(language),
            zones=damage.zones,
            claim=_claim(damage, language, course.is_small, dice),
            comment=dice.choice(COMMENTS[language]) if dice.random() < 0.4 else "",
            is_online=is_online,
        )
        found.append(_story(course, matter, time, dice))
    return found


def _story(course: Course, matter: Matter, time: WorkingTime, dice: random.Random) -> Story:
    def moment(days: float | None) -> datetime | None:
        return None if days is None else time.at(days)

    arrival, delivered = moment(course.arrival), moment(course.delivered)
    if course.arrival is not None and course.arrives_today:
        arrival = time.today(course.arrival)
    if course.delivered is not None and course.leaves_today:
        delivered = time.today(course.delivered)
    visit = time.day(*course.visit) if course.visit else moment(course.estimate)
    late = _LATE if course.waits else 0.0
    return Story(
        course=course,
        matter=matter,
        opened=time.at(course.opened),
        visit=visit,
        planned=moment(course.planned),
        arrival=arrival,
        ready=moment(course.ready),
        delivered=delivered,
        invoiced=moment(course.invoiced),
        cancelled=moment(course.cancelled),
        booked_out=moment(course.booked_out) or delivered,
        promised=None if course.ready is None else time.local_date(time.at(course.ready - late)),
        tasks=(
            *_preparation(course, matter.claim, visit, time),
            *_workshop(course, arrival, time, dice),
            *_end(course, delivered, time),
        ),
    )


def _shifted(course: Course, dice: random.Random) -> Course:
    shift = dice.uniform(0, _SHIFT)
    moved = {
        name: value - shift
        for name in ("opened", "estimate", "planned", "arrival", "ready", "delivered", "invoiced")
        if (value := getattr(course, name)) is not None and value < -0.5
    }
    return replace(course, **moved)


def _claim(damage: Damage, language: str, is_small: bool, dice: random.Random) -> Claim:
    if damage.claim == "private":
        return Claim("private")
    number = f"{dice.randrange(10, 99)}.{dice.randrange(10**6):06}/{dice.randrange(10, 99)}"
    expert = None if is_small else dice.choice(EXPERTS[language])
    return Claim(damage.claim, dice.choice(INSURERS), expert, number)


def _preparation(
    course: Course, claim: Claim, visit: datetime | None, time: WorkingTime
) -> Iterator[Task]:
    """From the estimate to the parts; small repairs begin at check-in."""
    if course.is_small or visit is None:
        return
    yield Task("estimate", visit, visit + _ESTIMATE)
    if course.estimate is None or course.planned is None:
        return
    start, agreed = course.estimate, course.planned
    is_private = claim.claim_capacity == "private"
    seen = start + 0.1 if is_private else start + (agreed - start) * 0.6
    yield Task("expert", None, time.at(seen), is_skipped=is_private)
    yield Task("agreed", None, time.at(agreed - 0.02))
    yield Task("parts_ordered", None, time.at(agreed + 0.05))
    if course.arrival is not None:
        received = agreed + (course.arrival - agreed) * 0.6
        yield Task("parts_received", None, time.at(received))


def _workshop(
    course: Course, arrival: datetime | None, time: WorkingTime, dice: random.Random
) -> Iterator[Task]:
    """From check-in to quality control, each task as long as its share of the planned time."""
    if course.arrival is None or course.ready is None or arrival is None:
        return
    checked_in = arrival + _CHECK_IN
    yield Task("check_in", arrival, checked_in)
    stages = DEFAULT_FLOWS[SMALL_FLOW if course.is_small else LARGE_FLOW]
    first = next(index for index, stage in enumerate(stages) if stage.key == "check_in") + 1
    worked = [stage for stage in stages[first:] if stage.key not in {"ready", "delivered"}]
    days_a_minute = (course.ready - course.arrival) / sum(each.planned_minutes for each in worked)
    begins = course.arrival
    for stage in worked:
        ends = begins + stage.planned_minutes * days_a_minute
        # Nothing begins before the vehicle is in, nor at the very minute at which the one before
        # ended. Short tasks are done in a click, except the one that is running now.
        start, end = max(time.at(begins + 0.02), checked_in), time.at(ends - 0.01)
        is_skipped = stage.key == "polish" and dice.random() < 0.3
        is_clicked = is_skipped or (stage.key not in _BEGUN and end <= time.moment)
        held_at = time.at(begins / 2) if course.waits and begins < 0 < ends else None
        yield Task(stage.key, None if is_clicked else start, end, is_skipped, held_at)
        begins = ends


def _end(course: Course, delivered: datetime | None, time: WorkingTime) -> Iterator[Task]:
    if course.ready is not None:
        yield Task("ready", None, time.at(course.ready))
    if delivered is not None:
        yield Task("delivered", None, delivered)
