"""Days and moments as browsers send them; those that no calendar can go on from are none."""

from datetime import date, datetime

YEARS = range(1900, 2201)


def parse_day(text: str | None) -> date | None:
    """A day in ISO 8601, else None."""
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return day if day is not None and day.year in YEARS else None


def parse_moment(text: str) -> datetime | None:
    """A moment in ISO 8601 with an offset, else None."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo and moment.year in YEARS else None
