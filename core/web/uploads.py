"""Forms with files: streamed to disk part by part, never held in memory.

The CSRF token must be the first field, so a forged upload is refused before its first photo
is written.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

import structlog
from litestar import Request
from litestar.exceptions import ClientException, HTTPException
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from core.web.csrf import FIELD, HEADER, ForgedRequest, check_token
from core.web.forms import FormValues
from core.web.resources import resources_of
from core.workshop.photos.imaging import MAX_BYTES

log = structlog.get_logger(__name__)

MOST_FILES = 24
MOST_BODY_BYTES = 260 * 1024 * 1024
MOST_PLAIN_BYTES = 1_000_000
MOST_FIELD_BYTES = 64 * 1024
MOST_FIELDS = 200
SPOOLED = "upload-"
LEFT_BEHIND_SECONDS = 24 * 3600
"""No request lasts as long."""
SWEEP_EVERY_SECONDS = 3600
HANDLER_OPTIONS = {"streams_body": True}
"""`opt` of a handler that calls :func:`receive_upload`; add `request_max_body_size=None`."""


class BodyTooLarge(HTTPException):
    """More than :data:`MOST_BODY_BYTES`, or than :data:`MOST_PLAIN_BYTES` without files."""

    status_code = 413


@dataclass(slots=True)
class UploadedFile:
    """A file of the form. `is_too_large`: it was cut at the cap, and must be refused."""

    field: str
    name: str
    path: Path
    size: int = 0
    is_too_large: bool = False


@dataclass(slots=True)
class Submission:
    """What arrived: fields, and files that exist until the block ends."""

    values: FormValues
    files: list[UploadedFile] = field(default_factory=list)
    files_left_out: int = 0


@asynccontextmanager
async def receive_upload(request: Request[Any, Any, Any]) -> AsyncIterator[Submission]:
    """Read a multipart (or plain) form; its files are deleted when the block ends.

    Raises:
        ForgedRequest: the token is missing, wrong or not the first field.
        BodyTooLarge: as it says; nothing is kept.
        ClientException: the body is no form.
    """
    if int(request.headers.get("content-length") or 0) > MOST_BODY_BYTES:
        raise BodyTooLarge
    async with spool_folder(request) as folder:
        yield await _read(request, folder)


@asynccontextmanager
async def spool_folder(request: Request[Any, Any, Any]) -> AsyncIterator[Path]:
    """A folder on this host for what a request brings, gone when the block ends."""
    spool = spool_in(resources_of(request).settings.data_dir)
    spool.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=SPOOLED, dir=spool))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def spool_in(data_dir: Path) -> Path:
    """Where requests put what they bring."""
    return data_dir / "spool"


async def keep_spool_clean(data_dir: Path) -> None:
    """Every hour, remove what requests left behind whose process was killed: photos may say where
    they were taken."""
    while True:
        try:
            await asyncio.to_thread(sweep_spool, spool_in(data_dir))
        except OSError:
            log.exception("spool.not_swept")
        await asyncio.sleep(SWEEP_EVERY_SECONDS)


def sweep_spool(spool: Path) -> int:
    """Remove folders that no request can still be using; how many."""
    removed = 0
    for folder in spool.glob(f"{SPOOLED}*"):
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > LEFT_BEHIND_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
    if removed:
        log.info("spool.swept", count=removed)
    return removed


async def _read(request: Request[Any, Any, Any], folder: Path) -> Submission:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data" or "boundary" not in options:
        pairs = await _plain_fields(request, kind)
        if request.headers.get(HEADER) is None:
            check_token(request, dict(pairs).get(FIELD))
        return Submission(FormValues(pairs))
    reader = _Reader(request, folder)
    received = 0
    try:
        with PushMultipartParser(
            options["boundary"], max_segment_count=MOST_FIELDS, max_segment_size=MOST_BODY_BYTES
        ) as parser:
            async for chunk in request.stream():
                received += len(chunk)
                if received > MOST_BODY_BYTES:
                    raise BodyTooLarge
                for event in parser.parse(chunk):
                    reader.take(event)
    except MultipartError as error:
        raise ClientException("not a form") from error
    finally:
        reader.close()
    if not reader.is_trusted:
        raise ForgedRequest("no token")
    return Submission(FormValues(reader.pairs), reader.files, reader.files_left_out)


async def _plain_fields(request: Request[Any, Any, Any], kind: str) -> list[tuple[str, str]]:
    """The fields of a form without files, which is held in memory and must be small."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_PLAIN_BYTES:
            raise BodyTooLarge
    if kind != "application/x-www-form-urlencoded":
        return []
    try:
        text = body.decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise ClientException("not a form") from error
    return [(name, value.replace("\x00", "")) for name, value in pairs]


class _Reader:
    """Puts the parser's events together: small fields in memory, files on disk."""

    def __init__(self, request: Request[Any, Any, Any], folder: Path) -> None:
        self._request = request
        self._folder = folder
        self._field: str | None = None
        self._text = bytearray()
        self._file: UploadedFile | None = None
        self._stream: BinaryIO | None = None
        self.is_trusted = request.headers.get(HEADER) is not None
        self.pairs: list[tuple[str, str]] = []
        self.files: list[UploadedFile] = []
        self.files_left_out = 0

    def take(self, event: Any) -> None:
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event:
            self._continue(event)
        else:
            self._end()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _begin(self, segment: MultipartSegment) -> None:
        self._field = segment.name
        self._text.clear()
        self._file = None
        if not self.is_trusted and segment.name != FIELD:
            raise ForgedRequest("the token is not the first field")
        if not segment.filename:
            return
        if len(self.files) >= MOST_FILES:
            self.files_left_out += 1
            return
        path = self._folder / str(len(self.files))
        self._stream = path.open("wb")
        self._file = UploadedFile(segment.name or "", segment.filename, path)

    def _continue(self, chunk: Any) -> None:
        if self._stream is None or self._file is None:
            if len(self._text) + len(chunk) <= MOST_FIELD_BYTES:
                self._text += chunk
            return
        self._file.size += len(chunk)
        if self._file.size > MAX_BYTES:
            self._file.is_too_large = True
        else:
            self._stream.write(chunk)

    def _end(self) -> None:
        if self._file is not None:
            self.close()
            if self._file.size:
                self.files.append(self._file)
            self._file = None
            return
        text = bytes(self._text).decode("utf-8", "replace").replace("\x00", "")
        if self._field == FIELD and not self.is_trusted:
            check_token(self._request, text)
            self.is_trusted = True
        elif self._field:
            self.pairs.append((self._field, text))
