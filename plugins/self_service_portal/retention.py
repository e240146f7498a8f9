"""Erasing what customers did not send, after as many days as the garage's owner says."""

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from plugins.self_service_portal import draft_photos, services
from plugins.self_service_portal import look_repository as repository
from plugins.self_service_portal.look_services import look_of
from plugins.self_service_portal.visit_photos import forget_visits


async def keep_retention(session: AsyncSession) -> None:
    """Forget requests without an answer for long, the photos of those that stay, and who sent
    which photo once that visit is over."""
    look = await look_of(session)
    for draft in await repository.unsent_since(session, now() - look.draft_life):
        await services.forget_draft(session, draft)
    for draft, photo_id in await repository.unsent_photos_since(session, now() - look.photo_life):
        await draft_photos.remove_photo(session, draft, photo_id)
    await forget_visits(session)
