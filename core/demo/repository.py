"""Every query of the demo."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.notifications.models import OutboxEntry
from core.workshop.notifications.services import SEND_MAIL


async def forget_unsent_mails(session: AsyncSession) -> None:
    """Mails about a past that never was are sent to nobody."""
    await session.execute(
        delete(OutboxEntry)
        .where(OutboxEntry.effect == SEND_MAIL, OutboxEntry.done_at.is_(None))
        .execution_options(synchronize_session=False)
    )
