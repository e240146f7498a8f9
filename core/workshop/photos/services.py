"""The verbs of photos: examined, added to a job once, drawn by the worker, shared."""

import asyncio
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound, Refused
from core.hooks.contributions import Effect
from core.hooks.manager import hooks
from core.i18n import gettext_noop
from core.storage import storage
from core.tenancy.context import current_tenant
from core.workshop.audit.services import Actor
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.history import note_event
from core.workshop.notifications.services import enqueue
from core.workshop.photos import repository, sandbox
from core.workshop.photos.imaging import (
    MAX_BYTES,
    SIZES,
    PhotoFacts,
    PhotoNotSeen,
    PhotoProblem,
    Rendition,
)
from core.workshop.photos.models import Photo
from core.workshop.photos.orphans import remove_unknown

MOST_PER_JOB = 100
FIRST_CAMERA_PHONES = datetime(2000, 1, 1, tzinfo=UTC)
RENDER_PHOTO = "core.render_photo"
REMOVE_FILES = "core.remove_photo_files"
MOST_DRAWINGS = 8
"""Over twenty minutes; a photo that nobody could draw by then is shown as one that failed."""
_PROBLEMS: Mapping[str, str] = {
    "not_a_photo": gettext_noop(
        "%(name)s is not a photo that we can read. Please choose a JPEG, HEIC, PNG or WebP."
    ),
    "too_large": gettext_noop(
        "%(name)s is larger than %(limit)s MB. Please choose a smaller photo."
    ),
    "too_many_pixels": gettext_noop(
        "%(name)s has more pixels than we can handle. Please choose a smaller photo."
    ),
    "damaged": gettext_noop("%(name)s arrived damaged or incomplete. Please send it again."),
    "not_seen": gettext_noop("We could not look at %(name)s just now. Please send it again."),
}


@dataclass(frozen=True, slots=True)
class ExaminedPhoto:
    """A file that was decoded to its end: safe to keep."""

    path: Path
    facts: PhotoFacts
    sha256: str
    size_bytes: int


class TooManyPhotos(Refused):
    """The job has as many photos as it may have."""

    def __init__(self) -> None:
        super().__init__(
            "This job already has %(most)s photos. Please contact the garage.",
            field="photos",
            most=MOST_PER_JOB,
        )


async def examine(path: Path) -> ExaminedPhoto:
    """Look at a file before any unit of work is begun: decoding takes its time.

    Raises:
        NotAPhoto, PhotoTooLarge, TooManyPixels, PhotoDamaged, PhotoNotSeen: as they say.
    """
    facts = await sandbox.check(path)
    digest, size = await asyncio.to_thread(_fingerprint, path)
    return ExaminedPhoto(path, facts, digest, size)


def with_time(examined: ExaminedPhoto, taken_at: str) -> ExaminedPhoto:
    """The photo with the time that its sender read from the camera's file, where the photo itself
    says none. What is no time, or none that a phone's camera can have shown, is left aside."""
    if examined.facts.taken_at is not None:
        return examined
    try:
        moment = datetime.fromisoformat(taken_at)
    except ValueError:
        return examined
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not FIRST_CAMERA_PHONES <= known <= now() + timedelta(days=1):
        return examined
    return replace(examined, facts=replace(examined.facts, taken_at=moment.isoformat()))


def problem_text(code: str, name: str) -> tuple[str, dict[str, Any]]:
    """The gettext message about a photo that cannot be taken, and what fills it."""
    values: dict[str, Any] = {"name": name}
    if code == "too_large":
        values["limit"] = MAX_BYTES // (1024 * 1024)
    return _PROBLEMS[code], values


async def add_photo(
    session: AsyncSession,
    job_id: UUID,
    examined: ExaminedPhoto,
    *,
    name: str,
    source: str,
    actor: Actor,
    view: str | None = None,
) -> Photo:
    """Add a photo to a job. The same bytes again are the same photo: nothing is doubled.

    Raises:
        NotFound: there is no such job.
        TooManyPhotos: the job is full.
    """
    job = await jobs.by_id(session, job_id)
    await repository.lock_photos_of(session, job_id)
    known = await repository.with_bytes(session, job_id, examined.sha256)
    if known is not None:
        return known
    if await repository.count_of_job(session, job_id) >= MOST_PER_JOB:
        raise TooManyPhotos
    key = f"jobs/{job_id}/originals/{examined.sha256}"
    await storage().put_file(job.tenant_id, key, examined.path)
    statement = (
        insert(Photo)
        .values(
            tenant_id=job.tenant_id,
            job_id=job_id,
            format=examined.facts.format,
            size_bytes=examined.size_bytes,
            width=examined.facts.width,
            height=examined.facts.height,
            sha256=examined.sha256,
            original_key=key,
            display_name=_clean_name(name),
            taken_at=_taken_at(examined.facts),
            source=source,
            view=view,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "job_id", "sha256"])
        .returning(Photo.id)
    )
    photo_id = await session.scalar(statement)
    if photo_id is None:
        twin = await repository.with_bytes(session, job_id, examined.sha256)
        if twin is None:
            raise Refused("The photo could not be stored. Please send it again.")
        return twin
    await enqueue(
        session, RENDER_PHOTO, {"photo_id": str(photo_id)}, key=f"render_photo:{photo_id}"
    )
    note_event(session, job_id, "photo_added", actor, details={"photo_id": str(photo_id)})
    await session.flush()
    await hooks().ask_async("photo_added", session=session, job_id=job_id, photo_id=photo_id)
    return await repository.by_id(session, photo_id)


async def share_with_customer(session: AsyncSession, photo_id: UUID, *, shared: bool) -> Photo:
    """Show a photo on the customer's status page, or no longer.

    Raises:
        NotFound: not here.
    """
    photo = await repository.by_id(session, photo_id)
    if shared != photo.shared_with_customer:
        photo.shared_with_customer = shared
        photo.shared_at = now() if shared else None
    await session.flush()
    return photo


async def take_back_photo(session: AsyncSession, photo: Photo, actor: Actor) -> None:
    """Remove a photo from its job; its files go once that is stored."""
    await repository.lock_photos_of(session, photo.job_id)
    keys = [photo.original_key, *(drawn["key"] for drawn in photo.renditions.values())]
    await repository.forget(session, photo.id)
    payload = {"job_id": str(photo.job_id), "keys": keys}
    await enqueue(session, REMOVE_FILES, payload, key=f"{REMOVE_FILES}:{photo.id}")
    note_event(session, photo.job_id, "photo_removed", actor, details={"photo_id": str(photo.id)})
    await session.flush()


async def remove_files(session: AsyncSession, payload: Mapping[str, Any]) -> None:
    """The worker's part of taking a photo back. A file that was sent again meanwhile stays."""
    await remove_unknown(session, UUID(payload["job_id"]), payload["keys"])


async def render_photo(session: AsyncSession, payload: Mapping[str, Any]) -> None:
    """The worker's part: draw what pages show. Run twice, it draws the same again; one that was
    taken back meanwhile is not drawn, and one that cannot be is marked.

    Raises:
        PhotoNotSeen: it may be drawn another time.
    """
    try:
        photo = await repository.by_id(session, UUID(payload["photo_id"]))
    except NotFound:
        return
    if photo.state == "ready":
        return
    with tempfile.TemporaryDirectory(prefix="garagist-photo-") as folder:
        original = Path(folder) / "original"
        with original.open("wb") as target:
            async for chunk in storage().stream(photo.tenant_id, photo.original_key):
                target.write(chunk)
        try:
            drawn = await sandbox.draw(original, Path(folder), list(SIZES))
        except PhotoNotSeen:
            raise
        except PhotoProblem:
            photo.state = "failed"
            return
        await keep_renditions(photo, drawn)


async def note_not_drawn(session: AsyncSession, payload: Mapping[str, Any]) -> None:
    """Nobody tries to draw that photo any more, unless support wants it."""
    try:
        photo = await repository.by_id(session, UUID(payload["photo_id"]))
    except NotFound:
        return
    if photo.state != "ready":
        photo.state = "failed"


async def keep_renditions(photo: Photo, drawn: Sequence[Rendition]) -> None:
    """Store what was drawn of a photo: from now on it can be shown."""
    renditions = {}
    for rendition in drawn:
        file = Path(rendition.path)
        key = f"jobs/{photo.job_id}/photos/{photo.id}-{rendition.size}{file.suffix}"
        await storage().put_file(photo.tenant_id, key, file)
        renditions[rendition.size] = {
            "key": key,
            "width": rendition.width,
            "height": rendition.height,
        }
    photo.renditions = renditions
    photo.state = "ready"


EFFECTS = (
    Effect(RENDER_PHOTO, render_photo, most_attempts=MOST_DRAWINGS, given_up=note_not_drawn),
    Effect(REMOVE_FILES, remove_files),
)


def _fingerprint(path: Path) -> tuple[str, int]:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), path.stat().st_size


def _taken_at(facts: PhotoFacts) -> datetime | None:
    """A camera without a time zone is taken to show the garage's time."""
    if facts.taken_at is None:
        return None
    moment = datetime.fromisoformat(facts.taken_at)
    return moment if moment.tzinfo else moment.replace(tzinfo=current_tenant().zone)


def _clean_name(name: str) -> str:
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable())[:120] or "photo"
