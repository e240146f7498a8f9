"""The demo's photo files, given to many jobs but decoded and drawn once each."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.workshop.audit.services import Actor
from core.workshop.notifications import repository as outbox
from core.workshop.photos import sandbox
from core.workshop.photos.imaging import SIZES, Rendition
from core.workshop.photos.services import (
    ExaminedPhoto,
    add_photo,
    examine,
    keep_renditions,
    share_with_customer,
)

FOLDER = Path(__file__).with_name("photos")
_BEFORE_UPLOAD = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Picture:
    """A file that was looked at and drawn in all sizes. Files of one `subject` look alike."""

    subject: str
    examined: ExaminedPhoto
    drawn: Sequence[Rendition]


class Album:
    """The pictures of one garage, dealt out so that no job gets one subject twice."""

    def __init__(self, pictures: Sequence[Picture], dice: random.Random) -> None:
        self._dice = dice
        self._by_subject: dict[str, list[Picture]] = {}
        for picture in pictures:
            self._by_subject.setdefault(picture.subject, []).append(picture)

    async def add(
        self,
        session: AsyncSession,
        job_id: UUID,
        count: int,
        *,
        source: str,
        actor: Actor,
        are_seen: bool,
        shared: int = 0,
    ) -> None:
        """Add so many photos to a job, the first `shared` ones shared with the customer."""
        first = self._dice.randrange(1000, 9000)
        subjects = self._dice.sample(list(self._by_subject.values()), count)
        for index, picture in enumerate(self._dice.choice(alike) for alike in subjects):
            taken_at = now() - _BEFORE_UPLOAD + timedelta(seconds=25 * index)
            facts = replace(picture.examined.facts, taken_at=taken_at.isoformat())
            photo = await add_photo(
                session,
                job_id,
                replace(picture.examined, facts=facts),
                name=f"IMG_{first + index}.{facts.format.lower()}",
                source=source,
                actor=actor,
            )
            photo.created_at = now()
            photo.seen_by_staff_at = now() if are_seen else None
            await keep_renditions(photo, picture.drawn)
            await share_with_customer(session, photo.id, shared=index < shared)
            await _nothing_left_to_draw(session, photo.id)


@asynccontextmanager
async def drawn_pictures() -> AsyncIterator[list[Picture]]:
    """All files, drawn into a folder that is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="garagist-demo-") as folder:
        paths = sorted(path for path in FOLDER.iterdir() if path.is_file())
        yield list(await asyncio.gather(*(_draw(path, Path(folder)) for path in paths)))


async def _draw(path: Path, folder: Path) -> Picture:
    own = folder / path.stem
    own.mkdir()
    examined, drawn = await asyncio.gather(examine(path), sandbox.draw(path, own, list(SIZES)))
    return Picture(path.stem.partition("_")[0], examined, drawn)


async def _nothing_left_to_draw(session: AsyncSession, photo_id: UUID) -> None:
    entry = await outbox.by_key(session, f"render_photo:{photo_id}")
    if entry is not None:
        entry.done_at = now()
