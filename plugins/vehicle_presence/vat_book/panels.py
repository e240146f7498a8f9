"""What the VAT book shows on the first page."""

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.hooks.contributions import Panel
from core.tenancy.context import current_tenant
from plugins.vehicle_presence.vat_book import due_repository, repository


async def dashboard(session: AsyncSession) -> list[Panel]:
    """Rows that wait for their invoice reference, and a broken chain if there is one."""
    today = now().astimezone(current_tenant().zone).date()
    waiting, overdue, following = await due_repository.count_dues(session, today)
    values = {
        "waiting": waiting,
        "overdue": overdue,
        "next": following,
        "is_broken": any(book.broken_at is not None for book in await repository.books(session)),
    }
    return [
        Panel("vehicle_presence/vat_book/dashboard_card.html", values, place="side", position=25)
    ]
