"""The verbs of files on their way in: begun, continued, handed over, given up, forgotten."""

import asyncio
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.db.session import after_commit
from core.errors import Refused
from core.storage import storage
from core.workshop.uploads import repository
from core.workshop.uploads.models import Upload, folder_of

LIFE = timedelta(hours=24)
MOST_OPEN = 30
MOST_OPEN_BYTES = 400 * 1024 * 1024
SWEPT_AT_ONCE = 200
SWEPT_IN_PASSING = 5


class FileTooLarge(Refused):
    """More bytes than a file may have."""

    status_code = 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            "This file is larger than %(limit)s MB. Please choose a smaller one.",
            limit=limit // (1024 * 1024),
        )


class TooManyUploads(Refused):
    """The owner has begun more than may be open at once."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("Too many files are on their way at once. Please wait for the first ones.")


class OffsetDiffers(Refused):
    """The sender goes on at another byte than the one that is missing."""

    def __init__(self) -> None:
        super().__init__("This part of the file is not the one that is missing.")


async def begin_upload(
    session: AsyncSession, owner: str, length: int, details: Mapping[str, str], *, most_bytes: int
) -> Upload:
    """Announce a file of `length` bytes. In passing, a few that nobody came back to are removed.

    Raises:
        FileTooLarge, TooManyUploads: as they say.
    """
    if length > most_bytes:
        raise FileTooLarge(most_bytes)
    await forget_expired_uploads(session, most=SWEPT_IN_PASSING)
    count, total = await repository.open_of_owner(session, owner, now())
    if count >= MOST_OPEN or total + length > MOST_OPEN_BYTES:
        raise TooManyUploads
    upload = Upload(
        owner=owner, length=length, received=0, details=dict(details), expires_at=now() + LIFE
    )
    session.add(upload)
    await session.flush()
    return upload


async def upload_of(
    session: AsyncSession, upload_id: UUID, owner: str, *, offset: int | None = None
) -> Upload:
    """The owner's upload. With an `offset` it is locked, for something to be added there.

    Raises:
        NotFound: there is none, it has expired, or it is somebody else's.
        OffsetDiffers: another byte is missing than the one at `offset`.
    """
    upload = await repository.of_owner(session, upload_id, owner, now(), lock=offset is not None)
    if offset is not None and offset != upload.received:
        raise OffsetDiffers
    return upload


async def store_part(upload: Upload, part: Path) -> str:
    """Put a piece where every web host finds it; the key is new each time, so that two senders
    at the same byte do not write into each other's."""
    key = f"{upload.folder}/{upload.received:012d}-{uuid4().hex}"
    await storage().put_file(upload.tenant_id, key, part)
    return key


def add_part(upload: Upload, key: str, size: int) -> None:
    """Count a stored piece of the locked upload as received."""
    upload.parts = [*upload.parts, [key, size]]
    upload.received += size
    upload.expires_at = now() + LIFE


async def assemble(upload: Upload, last: Path, target: Path) -> None:
    """Write the stored pieces and the `last` one into `target`, in chunks."""
    with target.open("wb") as whole:
        for key, _size in upload.parts:
            async for chunk in storage().stream(upload.tenant_id, key):
                whole.write(chunk)
        with last.open("rb") as piece:
            await asyncio.to_thread(shutil.copyfileobj, piece, whole)


def finish(session: AsyncSession, upload: Upload) -> None:
    """The locked upload was handed over. Its row stays a day, so that a sender who missed the
    answer learns it; its pieces go."""
    upload.received = upload.length
    upload.finished_at = now()
    upload.expires_at = now() + LIFE
    _remove_pieces(session, upload)


async def give_up(session: AsyncSession, upload: Upload) -> None:
    """Forget an upload that is not wanted any more."""
    await repository.delete_upload(session, upload.id)
    _remove_pieces(session, upload)


async def forget_expired_uploads(session: AsyncSession, *, most: int = SWEPT_AT_ONCE) -> int:
    """Remove what nobody came back to within :data:`LIFE`; how many that were."""
    found = await repository.expired(session, now(), most)
    for upload in found:
        await give_up(session, upload)
    return len(found)


def _remove_pieces(session: AsyncSession, upload: Upload) -> None:
    """All that lies in its folder, a piece that was never counted included."""
    tenant_id, upload_id = upload.tenant_id, upload.id

    async def remove() -> None:
        await storage().delete_below(tenant_id, folder_of(upload_id))

    after_commit(session, remove)
