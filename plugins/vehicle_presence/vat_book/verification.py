"""Checking a register: its chain, its numbers, and what left the database about it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from plugins.vehicle_presence.vat_book import due_repository, repository
from plugins.vehicle_presence.vat_book.anchors import Kept, anchor_problems, closed_months
from plugins.vehicle_presence.vat_book.chain import hash_of
from plugins.vehicle_presence.vat_book.models import (
    ENTRY,
    EXIT,
    GENESIS,
    INVOICE,
    NO_INVOICE,
    VatBook,
)

MOST_TOLD = 20
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Break:
    """The first line that is not what it was: its place in the chain, its row, what is wrong."""

    position: int
    number: int | None
    what: str


@dataclass(slots=True)
class Finding:
    """What a check of one register found."""

    location_id: UUID
    lines: int = 0
    rows: int = 0
    broken: Break | None = None
    anchors: int = 0
    anchor_problems: list[str] = field(default_factory=list)
    due_problems: list[str] = field(default_factory=list)
    """Where the list of missing invoice references is not what the register says."""

    @property
    def is_as_written(self) -> bool:
        """Whether the register is what was written, and closed with."""
        return self.broken is None and not self.anchor_problems

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.is_as_written and not self.due_problems

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "location_id": str(self.location_id),
            "sound": self.is_sound,
            "lines": self.lines,
            "rows": self.rows,
            "broken": None if self.broken is None else asdict(self.broken),
            "anchors": self.anchors,
            "anchor_problems": self.anchor_problems,
            "due_problems": self.due_problems,
        }


class _Walk:
    """Goes along a chain, line by line, until the first that is not what it was."""

    def __init__(self) -> None:
        self.position = 0
        self.number = 0
        self.head = GENESIS
        self.numbers = [0]
        self.struck: set[int] = set()
        self.hashes: dict[int, str] = {0: GENESIS}
        self._holding: dict[str, dict[int, int]] = {ENTRY: {}, EXIT: {}, INVOICE: {}}
        """Of each kind: the place of the line that holds, by row."""

    @property
    def waiting(self) -> set[int]:
        """Rows that ended on a known day and have no invoice reference, nor a reason for none."""
        entered, left, settled = self._holding.values()
        return (entered.keys() & left.keys()) - settled.keys()

    def step(self, line: Mapping[str, Any], wanted: set[int]) -> str | None:
        """Go over one line; what is wrong with it, if anything. Hashes at the `wanted` places
        are kept."""
        problem = self._problem(line)
        self.position += 1
        self.numbers.append(line["number"])
        self.head = line["hash"]
        if line["kind"] == ENTRY and line["strikes"] is None:
            self.number += 1
        if line["strikes"] is not None:
            self.struck.add(line["strikes"])
        self._hold(line)
        if self.position in wanted:
            self.hashes[self.position] = self.head
        return problem

    def _hold(self, line: Mapping[str, Any]) -> None:
        number = line["number"]
        for holding in self._holding.values():
            if line["strikes"] is not None and holding.get(number) == line["strikes"]:
                del holding[number]
        kind = INVOICE if line["kind"] == NO_INVOICE else line["kind"]
        if kind in self._holding and not (kind == EXIT and line["day"] is None):
            self._holding[kind][number] = self.position

    def _problem(self, line: Mapping[str, Any]) -> str | None:
        if line["hash"] != hash_of(line):
            return "its content is not what was written"
        if line["previous_hash"] != self.head:
            return "it does not follow the line before it"
        if line["kind"] == ENTRY and line["strikes"] is None:
            if line["number"] != self.number + 1:
                return f"row {self.number + 1} was to come"
        elif not 1 <= line["number"] <= self.number:
            return "it is about a row that does not exist"
        return self._strike_problem(line)

    def _strike_problem(self, line: Mapping[str, Any]) -> str | None:
        strikes = line["strikes"]
        if strikes is None:
            return None
        if not 1 <= strikes <= self.position or self.numbers[strikes] != line["number"]:
            return "it strikes a line of another row"
        return "it strikes what was struck before" if strikes in self.struck else None


async def check(session: AsyncSession, book: VatBook, kept: Sequence[Kept] = ()) -> Finding:
    """Check one register from its first line to its last, every closed month of it, and what of
    the `kept` files is about it."""
    finding = Finding(book.location_id)
    end = (book.position, book.number, book.head)
    closed = await closed_months(session, book)
    ours = [each for each in kept if each.location_id == book.location_id]
    walk = _Walk()
    wanted = {each.position for each in closed.closings} | {each.position for each in ours}
    finding.broken = await _walk_all(session, book.location_id, end, walk, wanted)
    finding.lines, finding.rows = walk.position, walk.number
    finding.anchors = len(closed.closings)
    finding.anchor_problems = await anchor_problems(
        session, book.location_id, closed, walk.hashes, ours
    )
    if finding.broken is None:
        finding.due_problems = await _due_problems(session, book.location_id, end[0], walk.waiting)
    return finding


async def _due_problems(
    session: AsyncSession, location_id: UUID, position: int, waiting: set[int]
) -> list[str]:
    """Compared where nobody wrote in the book meanwhile: else the next check does it."""
    listed: set[int] = set()
    while page := await due_repository.dues(session, location_id, after=max(listed, default=0)):
        listed.update(page)
    fresh = await repository.book_of(session, location_id)
    if fresh is None or fresh.position != position:
        return []
    missing = [f"row {each} waits for its invoice reference, unlisted" for each in waiting - listed]
    extra = [f"row {each} is listed, and does not wait" for each in listed - waiting]
    return sorted([*missing, *extra])[:MOST_TOLD]


async def _walk_all(
    session: AsyncSession,
    location_id: UUID,
    end: tuple[int, int, str],
    walk: _Walk,
    wanted: set[int],
) -> Break | None:
    """Along the chain up to the `end` that the book had: position, number, hash."""
    async for batch in repository.chain(session, location_id, end[0]):
        for line in batch:
            if line["position"] != walk.position + 1:
                return Break(walk.position + 1, None, "it is missing")
            problem = walk.step(line, wanted)
            if problem is not None:
                return Break(line["position"], line["number"], problem)
    if walk.position < end[0]:
        return Break(walk.position + 1, None, "it is missing")
    if (walk.position, walk.number, walk.head) != end:
        return Break(walk.position, walk.number, "the book's own end is another one")
    return await _beyond_the_end(session, location_id)


async def _beyond_the_end(session: AsyncSession, location_id: UUID) -> Break | None:
    """Lines that were added past the book. The book is read after them: whoever adds a line as
    it should be moves the book's end in the same transaction."""
    last = await repository.last_position(session, location_id)
    fresh = await repository.book_of(session, location_id)
    if fresh is None or last <= fresh.position:
        return None
    return Break(fresh.position + 1, None, "it was added past the end of the book")


async def check_and_note(
    session: AsyncSession, book: VatBook, kept: Sequence[Kept] = ()
) -> Finding:
    """Check a register, and keep what was found for the page that shows it."""
    finding = await check(session, book, kept)
    if not finding.is_sound:
        log.error("vat_book.broken", **finding.plain())
    broken_at = (
        None if finding.is_as_written else (finding.broken.position if finding.broken else 0)
    )
    await repository.note_check(
        session,
        book.location_id,
        checked_at=now(),
        checked_position=finding.lines,
        checked_number=finding.rows,
        broken_at=broken_at,
    )
    return finding
