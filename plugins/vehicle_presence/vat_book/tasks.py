"""What is done for registers every night."""

from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import Again
from plugins.vehicle_presence.vat_book import repository
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.reminders import remind
from plugins.vehicle_presence.vat_book.services import open_books
from plugins.vehicle_presence.vat_book.verification import check_and_note


async def tend(session: AsyncSession) -> Again | None:
    """Open what is missing, a part at a time; then, with nothing locked, check everything, and
    close what is due, and remind of invoices that will be.

    A file that is still on its way to the storage is no fault: months are closed after the
    check."""
    if await open_books(session):
        return Again()
    for book in await repository.books(session):
        await check_and_note(session, book)
    for book in await repository.books(session):
        await close_months(session, book.location_id)
        await remind(session, book)
    return None
