"""The photos of a draft: kept, put in order, taken back, drawn small, handed over to the job."""

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.storage import storage
from core.tenancy.context import current_tenant
from core.web.photo_uploads import ReceivedPhoto
from core.workshop.audit.services import CUSTOMER
from core.workshop.jobs.models import Job
from core.workshop.notifications.services import enqueue
from core.workshop.photos import sandbox
from core.workshop.photos.imaging import PhotoFacts, PhotoNotSeen, PhotoProblem
from core.workshop.photos.services import ExaminedPhoto, add_photo
from plugins.self_service_portal import repository
from plugins.self_service_portal.models import Draft, DraftPhoto

MOST_PHOTOS = 24
SOURCE = "portal"
DELETE_FILES = "self_service_portal.delete_files"
DRAW_THUMB = "self_service_portal.draw_thumb"


class TooManyDraftPhotos(Refused):
    """The draft has as many photos as it may have."""

    def __init__(self) -> None:
        super().__init__(
            "You have sent %(most)s photos, which is enough for now. You can add more to your job"
            " later.",
            field="photos",
            most=MOST_PHOTOS,
        )


async def keep_photo(session: AsyncSession, draft: Draft, photo: ReceivedPhoto) -> None:
    """Keep a checked photo with the locked draft, as its last. The same bytes again are the same
    photo, though they may now come with a view.

    The key is new each time: a photo that was removed and sent again must not lose its file to
    the deletion of the first one.

    Raises:
        TooManyDraftPhotos: as it says.
    """
    photos = await repository.photos_of(session, draft.id)
    for known in photos:
        if known.sha256 == photo.examined.sha256:
            known.view = photo.view or known.view
            return
    if len(photos) >= MOST_PHOTOS:
        raise TooManyDraftPhotos
    key = f"drafts/{draft.id}/{uuid4().hex}"
    await storage().put_file(draft.tenant_id, key, photo.examined.path)
    photo_id = await repository.add_photo(
        session,
        DraftPhoto(
            draft_id=draft.id,
            sha256=photo.examined.sha256,
            key=key,
            name=photo.name[:120],
            facts=asdict(photo.examined.facts),
            size_bytes=photo.examined.size_bytes,
            view=photo.view,
            position=photos[-1].position + 1 if photos else 1,
        ),
    )
    await enqueue(session, DRAW_THUMB, {"photo_id": str(photo_id)}, key=f"{DRAW_THUMB}:{photo_id}")


async def remove_photo(session: AsyncSession, draft: Draft, photo_id: UUID) -> None:
    """Take a photo back; its file goes once that is stored. Removed twice, it is gone once."""
    photo = await repository.photo_of(session, draft.id, photo_id)
    if photo is not None:
        await repository.delete_photo(session, photo.id)
        await enqueue(
            session, DELETE_FILES, {"keys": _keys_of([photo])}, key=f"{DELETE_FILES}:{photo.id}"
        )


async def move_photo(session: AsyncSession, draft: Draft, photo_id: UUID, steps: int) -> None:
    """Move a photo of the locked draft by that many places, later or (below 0) earlier; at the
    end of the row it stays."""
    photos = await repository.photos_of(session, draft.id)
    place = next((place for place, each in enumerate(photos) if each.id == photo_id), None)
    if place is None:
        return
    moved = photos.pop(place)
    photos.insert(max(0, min(place + steps, len(photos))), moved)
    for position, photo in enumerate(photos, start=1):
        photo.position = position
    await session.flush()


async def hand_over_photos(session: AsyncSession, draft: Draft, job: Job) -> None:
    """Make the draft's photos the job's, in the person's order.

    Raises:
        Refused: one of them cannot be added.
    """
    for photo in await repository.photos_of(session, draft.id):
        async with _at_hand(photo) as path:
            examined = ExaminedPhoto(
                path, PhotoFacts(**photo.facts), photo.sha256, photo.size_bytes
            )
            await add_photo(
                session,
                job.id,
                examined,
                name=photo.name,
                source=SOURCE,
                actor=CUSTOMER,
                view=photo.view,
            )


async def forget_photos(session: AsyncSession, draft: Draft) -> None:
    """The files of a draft that is being forgotten go once that is stored."""
    keys = _keys_of(await repository.photos_of(session, draft.id))
    if keys:
        await enqueue(session, DELETE_FILES, {"keys": keys}, key=f"{DELETE_FILES}:{draft.id}")


async def delete_files(_session: AsyncSession, payload: Mapping[str, Any]) -> None:
    """The worker's part of taking photos back; a file that is gone already is no trouble."""
    for key in payload["keys"]:
        await storage().delete(current_tenant().id, key)


async def draw_thumb(session: AsyncSession, payload: Mapping[str, Any]) -> None:
    """The worker's part of keeping a photo: draw what the list shows. Run twice, it draws the
    same again; a photo that was taken back meanwhile, or cannot be drawn, stays without.

    Raises:
        PhotoNotSeen: it may be drawn another time.
    """
    photo = await repository.photo_to_draw(session, UUID(payload["photo_id"]))
    if photo is None or photo.thumb:
        return
    async with _at_hand(photo) as path:
        try:
            (drawn,) = await sandbox.draw(path, path.parent, ["thumb"])
        except PhotoNotSeen:
            raise
        except PhotoProblem:
            return
        await storage().put_file(photo.tenant_id, _thumb_key(photo), Path(drawn.path))
    photo.thumb = {"key": _thumb_key(photo), "width": drawn.width, "height": drawn.height}


@asynccontextmanager
async def _at_hand(photo: DraftPhoto) -> AsyncIterator[Path]:
    """The photo's file on this host."""
    with tempfile.TemporaryDirectory(prefix="garagist-draft-") as folder:
        path = Path(folder) / "photo"
        with path.open("wb") as target:
            async for chunk in storage().stream(photo.tenant_id, photo.key):
                target.write(chunk)
        yield path


def _thumb_key(photo: DraftPhoto) -> str:
    return f"{photo.key}-thumb.webp"


def _keys_of(photos: Sequence[DraftPhoto]) -> list[str]:
    return [key for photo in photos for key in (photo.key, _thumb_key(photo))]
