"""Taking a whole row out of a register: the vehicle never came, and nobody undid it in time."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.audit.services import Actor, record
from plugins.vehicle_presence import arrivals
from plugins.vehicle_presence.vat_book import due_repository, repository
from plugins.vehicle_presence.vat_book.errors import ReasonMissing, RowCancelled
from plugins.vehicle_presence.vat_book.register import Row
from plugins.vehicle_presence.vat_book.settling import open_row, row_of, strike_of
from plugins.vehicle_presence.vat_book.writing import write


async def strike_row(
    session: AsyncSession, row_id: UUID, reason: str, actor: Actor, *, seen: int | None = None
) -> Row:
    """Strike everything that holds in a row, with the reason: its number stays, it waits for no
    invoice, and the stay never was. Pressed twice it is struck once. `seen` is the version of the
    row that the person saw.

    Raises:
        NotFound: there is no such row.
        ReasonMissing, RowChangedMeanwhile: as they say.
    """
    if not reason.strip():
        raise ReasonMissing(field="strike_reason")
    named = await repository.line(session, row_id)
    stay = await arrivals.locked_stay(session, named.stay_id)
    try:
        book, row = await open_row(session, row_id, actor, seen=seen)
    except RowCancelled:
        return await row_of(session, row_id)
    holding = [line for line in (row.invoice, row.exit, row.entry) if line is not None]
    drafts = [strike_of(line, reason.strip()) for line in holding]
    await write(session, book, drafts, actor)
    await due_repository.drop_dues(session, book.location_id, [row.number])
    details: dict[str, object] = {"number": row.number}
    if stay is not None:
        details |= await arrivals.never_was(session, stay, actor, row.number, reason.strip())
    record(
        session,
        actor,
        "vat_book.struck",
        f"vat_row:{row_id}",
        reason=reason.strip(),
        details=details,
    )
    return row
