"""The register as people read it, made of its lines: rows, and what was struck in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from plugins.vehicle_presence.vat_book.models import (
    ENTRY,
    EXIT,
    INVOICE,
    NO_INVOICE,
    STRIKE,
    VatLine,
)


@dataclass(frozen=True, slots=True)
class Struck:
    """A line that no longer holds, with who struck it, when and why."""

    line: VatLine
    by: VatLine


@dataclass(slots=True)
class Row:
    """A row of the register as it stands: the lines that hold, and those that were struck.

    A row whose entry was struck is cancelled: its number stays, and nothing in it holds. Its
    `version` rises with every line about it: the position of the newest one.
    """

    number: int
    row_id: UUID
    entry: VatLine
    version: int
    exit: VatLine | None = None
    invoice: VatLine | None = None
    is_cancelled: bool = False
    struck: list[Struck] = field(default_factory=list)

    @property
    def vehicle(self) -> str:
        """The plate, else the chassis number."""
        return self.entry.plate or self.entry.vin or ""

    @property
    def waits(self) -> bool:
        """Whether the vehicle left and nobody said which invoice that was."""
        return self.exit is not None and self.invoice is None and not self.is_cancelled

    @property
    def is_open(self) -> bool:
        """Whether something is still to come: the departure, or which invoice that was."""
        return not self.is_cancelled and (self.exit is None or self.invoice is None)

    def line_for(self, kind: str) -> VatLine | None:
        """The line of a kind that holds."""
        if kind == ENTRY:
            return None if self.is_cancelled else self.entry
        return self.exit if kind == EXIT else self.invoice


def rows_of(lines: Iterable[VatLine]) -> list[Row]:
    """The rows that these lines make, which must be all lines of each of them and may be in any
    order. The first entry names a row (`row_id`) for good."""
    by_number: dict[int, list[VatLine]] = {}
    for line in lines:
        by_number.setdefault(line.number, []).append(line)
    return [
        _row(sorted(by_number[number], key=lambda each: each.position))
        for number in sorted(by_number)
    ]


def _row(lines: Sequence[VatLine]) -> Row:
    by_position = {line.position: line for line in lines}
    first, newest = lines[0], lines[-1]
    row = Row(first.number, row_id=first.id, entry=first, version=newest.position)
    for line in lines:
        if line.strikes is not None:
            before = by_position[line.strikes]
            row.struck.append(Struck(before, line))
            _hold(row, before.kind, None)
        if line.kind != STRIKE:
            _hold(row, line.kind, line)
    return row


def _hold(row: Row, kind: str, line: VatLine | None) -> None:
    if kind == ENTRY:
        row.is_cancelled = line is None
        row.entry = line or row.entry
    elif kind == EXIT:
        row.exit = line
    elif kind in {INVOICE, NO_INVOICE}:
        row.invoice = line


@dataclass(frozen=True, slots=True)
class Draft:
    """A line before it has its place. Without `number` it begins the next row."""

    kind: str
    number: int | None = None
    strikes: int | None = None
    day: date | None = None
    at: datetime | None = None
    plate: str | None = None
    vin: str | None = None
    vat_number: str | None = None
    words: str | None = None
    reason: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    stay_id: UUID | None = None
    job_id: UUID | None = None
