"""Rows that are written while the clock is stopped look as if they had been written then.

The verbs of the shop take the time from :mod:`core.clock`, but ids and the columns that the
database fills itself follow the database's clock, and lists are sorted by id.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import DefaultClause, event, inspect
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.attributes import flag_modified

from core.clock import now

_NOT_STOPPED = timedelta(seconds=1)
_COUNTER_BITS = 12
_RANDOM_BITS = 62


class DatedIds:
    """Makes UUIDs of version 7 (RFC 9562, 5.7) for moments of the past. Ids of one millisecond
    keep the order in which they were made."""

    def __init__(self) -> None:
        self._made: dict[int, int] = {}

    def next(self, moment: datetime) -> UUID:
        """The next id of that moment."""
        milliseconds = int(moment.timestamp() * 1000)
        while self._made.get(milliseconds, 0) >> _COUNTER_BITS:
            milliseconds += 1
        counter = self._made.get(milliseconds, 0)
        self._made[milliseconds] = counter + 1
        number = milliseconds << 80 | 7 << 76 | counter << 64 | 2 << 62
        return UUID(int=number | secrets.randbits(_RANDOM_BITS))


@contextmanager
def dated_by_our_clock() -> Iterator[None]:
    """Inside the block, sessions of this process date new and changed rows by
    :func:`core.clock.now` wherever it is stopped. Only the demo may do this."""
    ids = DatedIds()

    def date_rows(session: Session, *_: object) -> None:
        moment = now()
        if abs(datetime.now(UTC) - moment) < _NOT_STOPPED:
            return
        for row in session.new:
            _date_new_row(row, moment, ids)
        for row in session.dirty:
            if hasattr(row, "updated_at") and session.is_modified(row):
                row.updated_at = moment
                # The same moment twice is no change to the session, and the database's clock
                # would fill it in.
                flag_modified(row, "updated_at")

    event.listen(Session, "before_flush", date_rows)
    try:
        yield
    finally:
        event.remove(Session, "before_flush", date_rows)


def _date_new_row(row: Any, moment: datetime, ids: DatedIds) -> None:
    for name in _dated_by_database(inspect(type(row))):
        if getattr(row, name) is None:
            setattr(row, name, moment)
    if row.id is None:
        row.id = ids.next(getattr(row, "at", moment))


@lru_cache(maxsize=256)
def _dated_by_database(mapper: Mapper[Any]) -> tuple[str, ...]:
    """The attributes that the database fills with the current moment."""
    return tuple(
        mapper.get_property_by_column(column).key
        for column in mapper.columns
        if isinstance(column.server_default, DefaultClause)
        and getattr(column.server_default.arg, "name", "") == "now"
    )
