"""Which times are offered: pure arithmetic, tested to the minute."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.workshop.planning.slots import (
    AppointmentRules,
    Bookings,
    ClosedDays,
    DayOfSlots,
    OpeningHours,
    Slot,
    free_slots,
    has_room,
    next_free,
    public_holidays,
    slots_of_day,
)

BRUSSELS = ZoneInfo("Europe/Brussels")
OFFICE = OpeningHours(
    {weekday: ((time(8), time(12)), (time(13), time(17))) for weekday in range(1, 6)}
)
ALL_NIGHT = OpeningHours({weekday: ((time(0), time(6)),) for weekday in range(1, 8)})
SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)
MONDAY = datetime(2026, 9, 7, 7, 0, tzinfo=BRUSSELS)
THAT_DAY = MONDAY.date()


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


def offered(
    now: datetime = MONDAY,
    rules: AppointmentRules | None = None,
    hours: OpeningHours = OFFICE,
    closed: ClosedDays | None = None,
    taken: Sequence[tuple[datetime, datetime]] = (),
) -> list[DayOfSlots]:
    return free_slots(
        rules=rules or AppointmentRules(),
        hours=hours,
        closed=closed or ClosedDays(),
        bookings=Bookings.of(taken),
        zone=BRUSSELS,
        now=now,
    )


def local_times(day: DayOfSlots) -> list[str]:
    return [f"{slot.starts_at.astimezone(BRUSSELS):%H:%M}" for slot in day.slots]


def at(hour: int, minute: int = 0, day: date = THAT_DAY) -> datetime:
    return datetime.combine(day, time(hour, minute), BRUSSELS)


RULES = st.builds(
    AppointmentRules,
    duration=st.integers(5, 240).map(minutes),
    step=st.integers(5, 120).map(minutes),
    capacity=st.integers(1, 3),
    minimum_notice=st.integers(0, 72).map(lambda hours: timedelta(hours=hours)),
    horizon_days=st.integers(0, 20),
    buffer=st.integers(0, 30).map(minutes),
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TAKEN = st.lists(
    st.builds(
        lambda start, length: (
            MONDAY.astimezone(UTC) + minutes(start),
            MONDAY.astimezone(UTC) + minutes(start + length),
        ),
        st.integers(-600, 4000),
        st.integers(5, 300),
    ),
    max_size=12,
)


@st.composite
def opening_hours(draw: st.DrawFn) -> OpeningHours:
    """Up to two pairs a day, in order, at any minute."""
    days = {}
    for weekday in draw(st.sets(st.integers(1, 7))):
        edges = sorted(draw(st.sets(st.integers(0, 1439), min_size=4, max_size=4)))
        clock = [time(edge // 60, edge % 60) for edge in edges]
        days[weekday] = ((clock[0], clock[1]), (clock[2], clock[3]))
    return OpeningHours(days)


@given(now=MOMENTS, rules=RULES, hours=opening_hours())
def test_every_slot_lies_in_the_opening_hours_and_lasts_its_duration(
    now: datetime, rules: AppointmentRules, hours: OpeningHours
) -> None:
    for day in offered(now, rules, hours):
        for slot in day.slots:
            start = slot.starts_at.astimezone(BRUSSELS)
            assert slot.ends_at - slot.starts_at == rules.duration
            assert start.date() == day.day
            clock = datetime.combine(day.day, start.time())
            assert any(
                datetime.combine(day.day, opens) <= clock
                and clock + rules.duration <= datetime.combine(day.day, closes)
                for opens, closes in hours.by_weekday[day.day.isoweekday()]
            )


@given(now=MOMENTS, rules=RULES)
def test_no_slot_is_nearer_than_the_notice_or_past_the_horizon(
    now: datetime, rules: AppointmentRules
) -> None:
    days = offered(now, rules)
    last = now.astimezone(BRUSSELS).date() + timedelta(days=rules.horizon_days)
    starts = [slot.starts_at for day in days for slot in day.slots]
    assert all(start >= now + rules.minimum_notice for start in starts)
    assert all(day.day <= last and day.slots for day in days)


@given(now=MOMENTS, rules=RULES, hours=opening_hours())
def test_slots_are_offered_once_and_in_order(
    now: datetime, rules: AppointmentRules, hours: OpeningHours
) -> None:
    starts = [slot.starts_at for day in offered(now, rules, hours) for slot in day.slots]
    assert starts == sorted(set(starts))


@given(rules=RULES, taken=TAKEN)
def test_a_slot_with_as_many_bookings_as_it_has_places_is_not_offered(
    rules: AppointmentRules, taken: list[tuple[datetime, datetime]]
) -> None:
    for day in offered(rules=rules, taken=taken):
        for slot in day.slots:
            start, end = slot.starts_at - rules.buffer, slot.ends_at + rules.buffer
            overlapping = [pair for pair in taken if pair[0] < end and pair[1] > start]
            assert len(overlapping) < rules.capacity


@given(rules=RULES, taken=TAKEN)
def test_bookings_take_nothing_away_but_what_they_overlap(
    rules: AppointmentRules, taken: list[tuple[datetime, datetime]]
) -> None:
    everything = {slot for day in offered(rules=rules) for slot in day.slots}
    left = {slot for day in offered(rules=rules, taken=taken) for slot in day.slots}
    assert left <= everything
    for slot in everything - left:
        start, end = slot.starts_at - rules.buffer, slot.ends_at + rules.buffer
        assert any(begun < end and ended > start for begun, ended in taken)


@given(
    taken=TAKEN,
    start=st.integers(-700, 4300),
    length=st.integers(1, 300),
)
def test_overlapping_counts_as_comparing_each_booking_would(
    taken: list[tuple[datetime, datetime]], start: int, length: int
) -> None:
    begin = MONDAY.astimezone(UTC) + minutes(start)
    end = begin + minutes(length)
    expected = sum(1 for begun, ended in taken if begun < end and ended > begin)
    assert Bookings.of(taken).overlapping(begin, end) == expected


def test_a_day_has_the_slots_of_both_halves() -> None:
    monday, *_ = offered(rules=AppointmentRules(duration=minutes(60), step=minutes(60)))
    assert local_times(monday) == [f"{hour:02}:00" for hour in (9, 10, 11, 13, 14, 15, 16)]


def test_the_buffer_keeps_its_distance_on_both_sides() -> None:
    rules = AppointmentRules(buffer=minutes(15), minimum_notice=timedelta())
    monday, *_ = offered(rules=rules, taken=[(at(9), at(9, 30))])
    assert local_times(monday)[:3] == ["08:00", "10:00", "10:30"]


def test_two_may_come_at_once_where_there_are_two_places() -> None:
    rules = AppointmentRules(capacity=2)
    slot = Slot(at(9), at(9, 30))
    assert has_room(slot, rules, Bookings.of([(at(9), at(9, 30))]))
    assert not has_room(slot, rules, Bookings.of([(at(9), at(9, 30))] * 2))


def test_a_booking_that_only_touches_a_slot_leaves_it_free() -> None:
    taken = Bookings.of([(at(8, 30), at(9)), (at(9, 30), at(10))])
    assert has_room(Slot(at(9), at(9, 30)), AppointmentRules(), taken)


def test_the_last_slot_ends_when_the_garage_closes() -> None:
    rules = AppointmentRules(duration=minutes(45), step=minutes(15))
    slots = slots_of_day(MONDAY.date(), rules, OFFICE, BRUSSELS)
    assert max(slot.ends_at for slot in slots) == at(17)


def test_a_slot_exactly_at_the_notice_is_offered() -> None:
    monday, *_ = offered(at(7), AppointmentRules(minimum_notice=timedelta(hours=2)))
    assert local_times(monday)[0] == "09:00"


def test_nothing_is_offered_on_public_holidays_of_belgium() -> None:
    closed = ClosedDays(public_holidays("BE", 2026, 2026))
    days = {day.day for day in offered(datetime(2026, 7, 13, 6, tzinfo=UTC), closed=closed)}
    assert date(2026, 7, 21) not in days
    assert {date(2026, 7, 20), date(2026, 7, 22)} <= days


@pytest.mark.parametrize(
    "day",
    ["2026-01-01", "2026-04-06", "2026-05-01", "2026-05-14", "2026-11-01", "2026-12-25"],
)
def test_belgiums_holidays_are_known(day: str) -> None:
    assert date.fromisoformat(day) in public_holidays("BE", 2026, 2027)


def test_a_country_without_known_holidays_has_none() -> None:
    assert public_holidays("XX", 2026, 2026) == frozenset()


@given(first=st.integers(0, 40), length=st.integers(0, 10))
def test_nothing_is_offered_while_the_garage_is_closed(first: int, length: int) -> None:
    begin = MONDAY.date() + timedelta(days=first)
    end = begin + timedelta(days=length)
    days = [day.day for day in offered(closed=ClosedDays(closures=((begin, end),)))]
    assert not [day for day in days if begin <= day <= end]
    assert {day.day for day in offered() if not begin <= day.day <= end} == set(days)


def test_in_spring_the_hour_that_is_missing_is_not_offered() -> None:
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    rules = AppointmentRules(minimum_notice=timedelta(), horizon_days=2)
    nights = {day.day: local_times(day) for day in offered(now, rules, ALL_NIGHT)}
    assert [text for text in nights[SPRING] if text.startswith("02")] == []
    assert len(nights[SPRING]) == len(nights[SPRING + timedelta(days=1)]) - 2


def test_in_autumn_the_hour_that_comes_twice_is_offered_once() -> None:
    now = datetime(2026, 10, 24, 12, tzinfo=UTC)
    rules = AppointmentRules(minimum_notice=timedelta(), horizon_days=2)
    night = next(day for day in offered(now, rules, ALL_NIGHT) if day.day == AUTUMN)
    twice = [slot for slot in night.slots if slot.starts_at.astimezone(BRUSSELS).hour == 2]
    assert [slot.starts_at for slot in twice] == [datetime(2026, 10, 25, 0, tzinfo=UTC)]


@given(
    change=st.sampled_from([SPRING, AUTUMN]),
    duration=st.integers(5, 180),
    step=st.integers(5, 90),
    opens=st.integers(0, 300),
)
def test_slots_survive_both_changes_of_the_clock(
    change: date, duration: int, step: int, opens: int
) -> None:
    opening = time(opens // 60, opens % 60)
    hours = OpeningHours({7: ((opening, time(8)),)})
    rules = AppointmentRules(duration=minutes(duration), step=minutes(step))
    slots = slots_of_day(change, rules, hours, BRUSSELS)
    starts = [slot.starts_at.astimezone(BRUSSELS) for slot in slots]
    assert all(slot.ends_at - slot.starts_at == rules.duration for slot in slots)
    assert all(start.date() == change and start.time() >= opening for start in starts)
    assert all(slot.ends_at <= at(8, 0, change) for slot in slots)
    assert len(set(starts)) == len(starts)


def test_office_hours_keep_their_local_time_over_the_change() -> None:
    before, after = (
        slots_of_day(day, AppointmentRules(), OFFICE, BRUSSELS)[0].starts_at
        for day in (date(2026, 10, 23), date(2026, 10, 26))
    )
    assert (before.hour, after.hour) == (6, 7)


@given(taken=TAKEN, count=st.integers(1, 5), offset=st.integers(-3, 60))
def test_other_times_are_the_next_ones_filled_up_with_those_just_before(
    taken: list[tuple[datetime, datetime]], count: int, offset: int
) -> None:
    days = offered(rules=AppointmentRules(horizon_days=2), taken=taken)
    everything = [slot for day in days for slot in day.slots]
    after = MONDAY + timedelta(hours=offset)
    found = next_free(days, after, count)
    assert found == sorted(set(found))
    assert len(found) == min(count, len(everything))
    later = [slot for slot in everything if slot.starts_at >= after]
    assert found[len(found) - min(count, len(later)) :] == later[:count]
