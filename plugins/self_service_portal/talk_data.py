"""What the law lets a customer ask for, of the talk about their jobs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from plugins.self_service_portal import message_repository, quote_repository
from plugins.self_service_portal.talk_models import Quote, QuoteOutcome


async def export(session: AsyncSession, customer_id: UUID) -> Mapping[str, Any]:
    """Messages and estimates as plain values."""
    messages = await message_repository.of_customer(session, customer_id)
    quotes = await quote_repository.of_customer(session, customer_id)
    return {
        "messages": [
            {"author": each.author, "sent": each.sent_at.isoformat(), "text": each.body}
            for each in messages
        ],
        "estimates": [_plain(*row) for row in quotes],
    }


async def erase(session: AsyncSession, customer_id: UUID) -> None:
    """Forget the messages. Estimates and the answers to them stay: they are the garage's proof
    of what was ordered, as long as its books must be kept."""
    await message_repository.delete_of_customer(session, customer_id)


def _plain(quote: Quote, outcome: QuoteOutcome | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "sent": quote.sent_at.isoformat(),
        "net": str(quote.net),
        "gross": str(quote.gross),
        "note": quote.note,
    }
    if outcome is not None:
        found |= {
            "outcome": outcome.kind,
            "at": outcome.at.isoformat(),
            "name": outcome.name,
            "reason": outcome.reason,
            "wording": outcome.wording,
        }
    return found
