"""Days and moments as browsers send them."""

from datetime import UTC, date, datetime

import pytest

from core.web.moments import parse_day, parse_moment


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-05", date(2026, 12, 5)),
        ("1900-01-01", date(1900, 1, 1)),
        ("2026-02-30", None),
        ("9999-12-31", None),
        ("0001-01-01", None),
        ("tomorrow", None),
        ("", None),
        (None, None),
    ],
)
def test_a_day_is_one_that_a_calendar_can_go_on_from(text: str | None, day: date | None) -> None:
    assert parse_day(text) == day


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-05T09:30:00+00:00", datetime(2026, 12, 5, 9, 30, tzinfo=UTC)),
        ("2026-12-05T10:30+01:00", datetime(2026, 12, 5, 9, 30, tzinfo=UTC)),
        ("2026-12-05T09:30:00", None),
        ("2026-12-05", None),
        ("0001-01-01T00:00+14:00", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_moment_says_its_zone(text: str, moment: datetime | None) -> None:
    assert parse_moment(text) == moment
