"""What is done for registers every night."""

from sqlalchemy.ext.asyncio import AsyncSession

from plugins.vehicle_presence.vat_book import repository
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.services import open_books
from plugins.vehicle_presence.vat_book.verification import check_and_note


async def tend(session: AsyncSession) -> None:
    """Open what is missing, close what is due, check everything.

    A file that is still on its way to the storage is no fault: months are closed after the
    check."""
    await open_books(session)
    for book in await repository.books(session):
        await check_and_note(session, book)
    for book in await repository.books(session):
        await close_months(session, book.location_id)
