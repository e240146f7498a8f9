"""The PDF of an estimate: looked at before it is kept, out of everybody's reach but the job's."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from litestar.exceptions import NotFoundException
from litestar.response import Stream

from core.errors import Refused
from core.storage import ObjectMissing, storage
from core.tenancy.context import current_tenant
from core.web.uploads import UploadedFile
from plugins.self_service_portal.talk_models import Quote

MAX_BYTES = 10 * 1024 * 1024
_BEGINNINGS = (b"%PDF-1.", b"%PDF-2.")
_END = b"%%EOF"
_END_WITHIN = 1024
"""ISO 32000-1, annex H: readers look for the end mark in the last kilobyte."""
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}


class NoPdf(Refused):
    """What came is no PDF, whatever it is called."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("This file is not a readable PDF. Please choose another.", field="pdf")


class PdfTooLarge(Refused):
    """More than :data:`MAX_BYTES`."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__(
            "Please choose a PDF of at most %(most)s MB.", field="pdf", most=MAX_BYTES // 2**20
        )


@dataclass(frozen=True, slots=True)
class StoredPdf:
    """Where the file is kept, and the hash of its bytes."""

    key: str
    sha256: str


async def keep_pdf(job_id: UUID, file: UploadedFile) -> StoredPdf:
    """Look at an uploaded file and keep it with the job's private files.

    Raises:
        NoPdf, PdfTooLarge: as they say; nothing is kept.
    """
    if file.is_too_large or file.size > MAX_BYTES:
        raise PdfTooLarge
    sha256 = await asyncio.to_thread(examine, file.path)
    key = f"jobs/{job_id}/quotes/{uuid4().hex}.pdf"
    await storage().put_file(current_tenant().id, key, file.path)
    return StoredPdf(key, sha256)


def examine(path: Path) -> str:
    """The hash of a file that is a PDF by its first and last bytes.

    Raises:
        NoPdf: it is none, or arrived cut off.
    """
    body = path.read_bytes()
    if not body.startswith(_BEGINNINGS) or _END not in body[-_END_WITHIN:]:
        raise NoPdf
    return hashlib.sha256(body).hexdigest()


async def serve_pdf(quote: Quote, name: str) -> Stream:
    """The file as a download called `name`, for those whom the caller has let in: it never
    becomes part of a page of ours.

    Raises:
        NotFoundException: there is none.
    """
    if quote.pdf_key is None:
        raise NotFoundException
    chunks = storage().stream(quote.tenant_id, quote.pdf_key)
    try:
        first = await anext(chunks)
    except (ObjectMissing, StopAsyncIteration):
        raise NotFoundException from None

    async def body() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    disposition = f'attachment; filename="{name}.pdf"'
    return Stream(
        body(),
        media_type="application/pdf",
        headers={**_HEADERS, "Content-Disposition": disposition},
    )
