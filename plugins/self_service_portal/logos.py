"""A garage's logo: checked, drawn afresh in the sandbox, kept, served under a name for ever."""

import asyncio
import hashlib
import tempfile
from pathlib import Path
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.storage import storage
from core.workshop.audit.services import Actor
from core.workshop.photos import sandbox
from core.workshop.photos.imaging import PhotoProblem
from plugins.self_service_portal.look import StoredLogo
from plugins.self_service_portal.look_services import change_look, look_of

MOST_BYTES = 2 * 1024 * 1024


class LogoTooLarge(Refused):
    """More than :data:`MOST_BYTES`."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__(
            "The logo is larger than %(limit)s MB. Please choose a smaller file.",
            field="logo",
            limit=MOST_BYTES // (1024 * 1024),
        )


class NotALogo(Refused):
    """Whatever its name says, it is no picture that we take: SVG can hold scripts."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__(
            "This is not a picture that we can use as a logo. Please choose a whole PNG, JPEG or"
            " WebP file.",
            field="logo",
        )


class LogoMissing(Refused):
    """Nothing was chosen."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("Please choose a file first.", field="logo")


async def change_logo(
    session: AsyncSession, source: Path | None, revision: int, actor: Actor
) -> int:
    """Show that file as the logo, or with None none. What is kept and served is drawn afresh, so
    nothing that hides in a file gets out again. Returns the new revision.

    Raises:
        LogoTooLarge, NotALogo: nothing is kept.
        LookChangedMeanwhile: as it says.
    """
    logo = None if source is None else await _keep(session, source)
    look = await look_of(session)
    try:
        return await change_look(session, look.model_copy(update={"logo": logo}), revision, actor)
    except Refused:
        if logo is not None:
            await storage().delete(session.info["tenant_id"], logo.key)
        raise


async def _keep(session: AsyncSession, source: Path) -> StoredLogo:
    if (await asyncio.to_thread(source.stat)).st_size > MOST_BYTES:
        raise LogoTooLarge
    with tempfile.TemporaryDirectory(prefix="garagist-logo-") as folder:
        try:
            drawn = await sandbox.draw_logo(source, Path(folder))
        except PhotoProblem:
            raise NotALogo from None
        body = await asyncio.to_thread(Path(drawn.path).read_bytes)
    # A new key each time: the file of a logo that is replaced may be about to be deleted.
    key = f"portal/logos/{uuid4().hex}.webp"
    await storage().put_bytes(session.info["tenant_id"], key, body)
    return StoredLogo(
        key=key,
        sha256=hashlib.sha256(body).hexdigest(),
        width=drawn.width,
        height=drawn.height,
    )


async def logo_file(session: AsyncSession, file_name: str) -> bytes | None:
    """The logo under that name; None where the garage's is another, or it has none."""
    logo = (await look_of(session)).logo
    if logo is None or logo.file_name != file_name:
        return None
    return await storage().get_bytes(session.info["tenant_id"], logo.key)
