"""Every query about registers and their lines."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    bindparam,
    case,
    exists,
    func,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.many import ManyRows
from core.errors import NotFound
from plugins.vehicle_presence.vat_book.chain import HASHED
from plugins.vehicle_presence.vat_book.models import ENTRY, VatBook, VatDue, VatLine

PAGE = 100
BATCH = 1000
MANY = 1000


@dataclass(slots=True)
class OpenBook:
    """A register, and where its chain ends. Once its row is locked nobody else adds a line."""

    id: UUID
    location_id: UUID
    country: str
    zone: str
    opened_on: date
    position: int
    number: int
    head: str
    closed_until: date | None


_BOOK = (
    VatBook.id,
    VatBook.location_id,
    VatBook.country,
    VatBook.zone,
    VatBook.opened_on,
    VatBook.position,
    VatBook.number,
    VatBook.head,
    VatBook.closed_until,
)


_FOUND = select(*_BOOK).where(
    VatBook.tenant_id == bindparam("tenant"), VatBook.location_id == bindparam("location")
)


async def open_book(
    session: AsyncSession, location_id: UUID, *, lock: bool = True
) -> OpenBook | None:
    """The location's register, locked until the end of this unit of work; or, without `lock`, as
    it is just now, which :func:`append` compares."""
    statement = _FOUND.with_for_update() if lock else _FOUND
    values = {"tenant": session.info["tenant_id"], "location": location_id}
    row = (await session.execute(statement, values)).mappings().one_or_none()
    return None if row is None else OpenBook(**row)


async def add_book(session: AsyncSession, **values: Any) -> bool:
    """Open a register; False where somebody else just did."""
    added = await session.execute(
        upsert(VatBook)
        .values(tenant_id=session.info["tenant_id"], **values)
        .on_conflict_do_nothing(index_elements=["tenant_id", "location_id"])
        .returning(VatBook.id)
    )
    return added.scalar_one_or_none() is not None


async def move_head(session: AsyncSession, book: OpenBook) -> None:
    """Store where the chain ends now."""
    await session.execute(
        update(VatBook)
        .where(VatBook.location_id == book.location_id)
        .values(
            position=book.position,
            number=book.number,
            head=book.head,
            closed_until=book.closed_until,
        )
        .execution_options(synchronize_session=False)
    )


async def note_check(session: AsyncSession, location_id: UUID, **values: Any) -> None:
    """Store what a check of the chain found."""
    await session.execute(
        update(VatBook)
        .where(VatBook.location_id == location_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


_moved = (
    update(VatBook.__table__)  # type: ignore[arg-type] # what is mapped is a table
    .where(
        VatBook.tenant_id == bindparam("tenant"),
        VatBook.location_id == bindparam("location"),
        VatBook.position == bindparam("old_position"),
        VatBook.closed_until.is_not_distinct_from(bindparam("old_closed", type_=Date)),
    )
    .values(
        position=bindparam("new_position"),
        number=bindparam("new_number"),
        head=bindparam("new_head"),
    )
    .returning(VatBook.id)
    .cte("moved")
)
_is_moved = exists(select(_moved.c.id))
_LINES = ManyRows(
    VatLine,
    *(name for name in HASHED if name != "tenant_id"),
    "hash",
    prefix="line_",
    only_if=_is_moved,
)
_DUES = ManyRows(
    VatDue, "location_id", "number", "left_on", "due_on", prefix="due_", only_if=_is_moved
)
_APPEND = (
    select(func.count())
    .select_from(_moved)
    .add_cte(
        _LINES.insert.cte("added"),
        _DUES.insert.on_conflict_do_update(
            index_elements=["tenant_id", "location_id", "number"],
            set_={
                "left_on": _DUES.insert.excluded.left_on,
                "due_on": _DUES.insert.excluded.due_on,
                "reminded_on": case(
                    (VatDue.due_on == _DUES.insert.excluded.due_on, VatDue.reminded_on),
                    else_=null(),
                ),
            },
        ).cte("due"),
    )
)


async def append(
    session: AsyncSession,
    book: OpenBook,
    lines: Sequence[dict[str, Any]],
    dues: Sequence[dict[str, Any]] = (),
) -> bool:
    """Add lines that have their places and hashes, move the end of the chain behind them, and note
    what waits for an invoice: all with one statement, whose end is also the end of what others
    wait for. `book` is the register as it is afterwards; False, with nothing stored, where it
    was no longer as it had been before."""
    values = {
        "tenant": session.info["tenant_id"],
        "location": book.location_id,
        "old_position": book.position - len(lines),
        "old_closed": book.closed_until,
        "new_position": book.position,
        "new_number": book.number,
        "new_head": book.head,
        **_LINES.arrays(lines),
        **_DUES.arrays(dues),
    }
    return bool(await session.scalar(_APPEND, values))


async def book_of(session: AsyncSession, location_id: UUID) -> VatBook | None:
    """The location's register, as it was when this is asked."""
    return await session.scalar(
        select(VatBook)
        .where(VatBook.location_id == location_id)
        .execution_options(populate_existing=True)
    )


async def books(session: AsyncSession) -> list[VatBook]:
    """All registers of the garage."""
    found = await session.scalars(
        select(VatBook).order_by(VatBook.id).limit(MANY).execution_options(populate_existing=True)
    )
    return list(found)


def until_position(until: int | None, line: type[VatLine] = VatLine) -> ColumnElement[bool]:
    """Whether a line was there when the chain ended at `until`; None is its end of now."""
    return true() if until is None else line.position <= until


async def lines_of(
    session: AsyncSession, location_id: UUID, numbers: Sequence[int], *, until: int | None = None
) -> list[VatLine]:
    """All lines of these rows, up to a position of the chain."""
    found = await session.scalars(
        select(VatLine)
        .where(
            VatLine.location_id == location_id,
            VatLine.number.in_(numbers),
            until_position(until),
        )
        .order_by(VatLine.position)
    )
    return list(found)


async def line(session: AsyncSession, row_id: UUID) -> VatLine:
    """The entry with that id.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(select(VatLine).where(VatLine.id == row_id, VatLine.kind == ENTRY))
    if found is None:
        raise NotFound("row of the register")
    return found


async def numbers_entered(
    session: AsyncSession,
    location_id: UUID,
    first_day: date,
    last_day: date,
    *,
    after: int = 0,
    limit: int,
    until: int | None = None,
) -> list[int]:
    """Rows whose vehicle came between two days, both included, in the order of their numbers, as
    the chain says up to a position.

    A row whose entry was moved to another day by a correction is found under both."""
    found = await session.scalars(
        select(VatLine.number)
        .where(
            VatLine.location_id == location_id,
            VatLine.kind == ENTRY,
            VatLine.day >= first_day,
            VatLine.day <= last_day,
            VatLine.number > after,
            until_position(until),
        )
        .distinct()
        .order_by(VatLine.number)
        .limit(limit)
    )
    return list(found)


async def count_entered(
    session: AsyncSession, location_id: UUID, first_day: date, last_day: date
) -> int:
    """How many rows :func:`numbers_entered` would find."""
    found = await session.scalar(
        select(func.count(VatLine.number.distinct())).where(
            VatLine.location_id == location_id,
            VatLine.kind == ENTRY,
            VatLine.day >= first_day,
            VatLine.day <= last_day,
        )
    )
    return found or 0


async def late_lines(
    session: AsyncSession,
    location_id: UUID,
    begin: datetime,
    end: datetime,
    *,
    after: int = 0,
    limit: int,
    until: int | None = None,
) -> tuple[list[VatLine], int]:
    """What was written in a span of time about months that were closed by then, behind a position
    of the chain and up to another; and how many lines more there are."""
    found = await session.execute(
        select(VatLine, func.count().over())
        .where(
            VatLine.location_id == location_id,
            VatLine.is_late,
            VatLine.recorded_at >= begin,
            VatLine.recorded_at < end,
            VatLine.position > after,
            until_position(until),
        )
        .order_by(VatLine.position)
        .limit(limit)
    )
    rows = found.all()
    return [line for line, _total in rows], (rows[0][1] - len(rows) if rows else 0)


async def line_at(session: AsyncSession, location_id: UUID, position: int) -> VatLine | None:
    """The line at a position of the chain."""
    return await session.scalar(
        select(VatLine).where(VatLine.location_id == location_id, VatLine.position == position)
    )


async def last_position(session: AsyncSession, location_id: UUID) -> int:
    """The position of the last line that is there."""
    found = await session.scalar(
        select(func.max(VatLine.position)).where(VatLine.location_id == location_id)
    )
    return found or 0


async def chain(
    session: AsyncSession, location_id: UUID, until: int
) -> AsyncIterator[list[dict[str, Any]]]:
    """The lines of a chain in order up to a position, as plain rows, in batches: what is added
    meanwhile is for the next check."""
    columns = tuple(VatLine.__table__.columns)
    position, last_id = 0, None
    while True:
        statement = select(*columns).where(
            VatLine.location_id == location_id, VatLine.position <= until
        )
        if last_id is not None:
            statement = statement.where(
                or_(
                    VatLine.position > position,
                    (VatLine.position == position) & (VatLine.id > last_id),
                )
            )
        found = await session.execute(statement.order_by(VatLine.position, VatLine.id).limit(BATCH))
        batch = [{**line} for line in found.mappings()]
        if not batch:
            return
        yield batch
        position, last_id = batch[-1]["position"], batch[-1]["id"]
