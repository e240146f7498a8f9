"""Uploads that go on where a bad network cut them: tus 1.0 (https://tus.io/protocols/
resumable-upload), its core with creation, expiration and termination.

A piece is streamed to disk without a transaction, then stored and counted in one; so a slow
phone holds neither memory nor a connection to the database. The last piece and handing the file
over are one transaction: an upload that is whole has also arrived.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar
from uuid import UUID

from litestar import Request
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler, route
from litestar.response import Response
from litestar.types import Guard
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import ChangedAtOnce, Refused
from core.web.error_pages import respond_to_error
from core.web.resources import resources_of, tenant_of
from core.web.tus import (
    CONTENT_TYPE,
    EXTENSIONS,
    VERSION,
    BadHeader,
    MoreThanAnnounced,
    NotAPiece,
    check_version,
    read_metadata,
    read_number,
    write_metadata,
)
from core.web.uploads import spool_folder
from core.workshop.uploads import services
from core.workshop.uploads.models import Upload
from core.workshop.uploads.services import TooManyUploads

AnyRequest = Request[Any, Any, Any]
Prepared = TypeVar("Prepared")
NEW_UPLOADS = "300/hour"
"""How many uploads one owner may begin."""


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A file that is whole, in a folder that goes when the request ends."""

    path: Path
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class UploadTarget(Generic[Prepared]):
    """Where resumable uploads of one kind go. `path` is the address at which they are created.

    `authorise(request, session)` returns on whose behalf the request acts, such as `draft:<id>`,
    or raises what the person should be told; it is asked before every step.
    `prepare(file)` looks at the whole file outside any transaction: decoding takes its time.
    `keep(request, session, prepared)` stores it, in the transaction in which the upload ends.
    What either refuses is told to the sender, and the upload is forgotten.
    """

    path: str
    authorise: Callable[[AnyRequest, AsyncSession], Awaitable[str]]
    prepare: Callable[[ArrivedFile], Awaitable[Prepared]]
    keep: Callable[[AnyRequest, AsyncSession, Prepared], Awaitable[None]]
    most_bytes: int
    opt: Mapping[str, Any] = field(default_factory=dict)
    guards: Sequence[Guard] = ()


def resumable_uploads(target: UploadTarget[Any]) -> list[HTTPRouteHandler]:
    """The handlers of a target, for a controller list or a plugin's `routes`. Scripts send the
    page's CSRF token as `x-csrf-token`."""
    options = {**target.opt, "token_in_header": True}
    one = f"{target.path}/{{upload_id:uuid}}"

    def handler(path: str, method: str, verb: Any) -> HTTPRouteHandler:
        async def handle(request: AnyRequest) -> Response[bytes]:
            return await verb(target, request)  # type: ignore[no-any-return]

        return route(
            path,
            http_method=[method],  # type: ignore[list-item]  # the names are its enum's values
            opt=options,
            status_code=200,  # each answer says its own
            guards=list(target.guards),
            exception_handlers={Exception: _respond_to_error},
            request_max_body_size=None,
        )(handle)

    return [
        handler(target.path, "OPTIONS", _tell),
        handler(target.path, "POST", _begin),
        handler(one, "HEAD", _look),
        handler(one, "PATCH", _receive),
        handler(one, "DELETE", _give_up),
    ]


def owner_mark(owner: str) -> str:
    """A short name for an owner that says nothing about it: what a browser keeps its unfinished
    files under, so that they never reach somebody else's."""
    return sha256(owner.encode()).hexdigest()[:16]


async def _tell(target: UploadTarget[Any], _request: AnyRequest) -> Response[bytes]:
    return _answer(
        204,
        {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(target.most_bytes),
        },
    )


async def _begin(target: UploadTarget[Any], request: AnyRequest) -> Response[bytes]:
    check_version(request)
    length = read_number(request, "upload-length")
    details = read_metadata(request)
    if length == 0:
        raise BadHeader("an empty file")
    async with _unit(request) as session:
        owner = await target.authorise(request, session)
        limiter, garage = resources_of(request).limiter, str(tenant_of(request).id)
        if not await limiter.allows(NEW_UPLOADS, "uploads", garage, owner):
            raise TooManyUploads
        upload = await services.begin_upload(
            session, owner, length, details, most_bytes=target.most_bytes
        )
    path = request.scope["path"].rstrip("/")
    return _answer(201, {"Location": f"{path}/{upload.id}", **_expiry(upload)})


async def _look(target: UploadTarget[Any], request: AnyRequest) -> Response[bytes]:
    check_version(request)
    async with _unit(request) as session:
        upload = await _find(target, request, session)
    headers = {"Upload-Offset": str(upload.received), "Upload-Length": str(upload.length)}
    if upload.details:
        headers["Upload-Metadata"] = write_metadata(upload.details)
    return _answer(200, {**headers, **_expiry(upload)})


async def _give_up(target: UploadTarget[Any], request: AnyRequest) -> Response[bytes]:
    check_version(request)
    async with _unit(request) as session:
        await services.give_up(session, await _find(target, request, session))
    return _answer(204)


async def _receive(target: UploadTarget[Any], request: AnyRequest) -> Response[bytes]:
    check_version(request)
    if request.headers.get("content-type") != CONTENT_TYPE:
        raise NotAPiece("not a piece of a file")
    offset = read_number(request, "upload-offset")
    async with _unit(request) as session:
        upload = await _find(target, request, session, offset)
    room = upload.length - offset
    if int(request.headers.get("content-length") or 0) > room:
        raise MoreThanAnnounced
    async with spool_folder(request) as folder:
        piece = folder / "piece"
        size = await _spool(request, piece, room)
        if size == room > 0:
            upload = await _hand_over(target, request, upload, piece)
        elif size:
            key = await services.store_part(upload, piece)
            async with _unit(request) as session:
                upload = await _find(target, request, session, offset)
                services.add_part(upload, key, size)
    return _answer(204, {"Upload-Offset": str(upload.received), **_expiry(upload)})


async def _spool(request: AnyRequest, piece: Path, room: int) -> int:
    """Write what arrives to disk; how much that was. A connection that breaks is no error: what
    came before is kept, and need not be sent again."""
    size = 0
    with piece.open("wb") as stream:
        while True:
            event = await request.receive()
            if event["type"] != "http.request":
                return size
            size += len(event["body"])
            if size > room:
                raise MoreThanAnnounced
            stream.write(event["body"])
            if not event["more_body"]:
                return size


async def _hand_over(
    target: UploadTarget[Any], request: AnyRequest, upload: Upload, piece: Path
) -> Upload:
    """With its last piece the file is looked at and kept, or refused and forgotten."""
    whole = piece
    if upload.parts:
        whole = piece.with_name("whole")
        await services.assemble(upload, piece, whole)
    refusal: Refused | None = None
    prepared: Any = None
    try:
        prepared = await target.prepare(ArrivedFile(whole, upload.details))
    except Refused as error:
        refusal = error
    async with _unit(request) as session:
        upload = await _find(target, request, session, upload.received)
        try:
            if refusal is None:
                async with session.begin_nested():
                    await target.keep(request, session, prepared)
                services.finish(session, upload)
        except ChangedAtOnce:
            raise
        except Refused as error:
            refusal = error
        if refusal is not None:
            await services.give_up(session, upload)
    if refusal is not None:
        raise refusal
    return upload


async def _find(
    target: UploadTarget[Any], request: AnyRequest, session: AsyncSession, offset: int | None = None
) -> Upload:
    """The upload that the address names, of the owner on whose behalf the request acts."""
    upload_id: UUID = request.path_params["upload_id"]
    owner = await target.authorise(request, session)
    return await services.upload_of(session, upload_id, owner, offset=offset)


def _unit(request: AnyRequest) -> Any:
    return resources_of(request).database.unit_of_work(tenant_of(request).id)


def _expiry(upload: Upload) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)}


def _answer(status: int, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    ours = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
    return Response(b"", status_code=status, headers={**ours, **(headers or {})})


def _respond_to_error(request: AnyRequest, error: Exception) -> Response[Any]:
    """As everywhere, with the protocol's version; but not where there is nothing at all, which a
    plugin that is off must look like."""
    answer = respond_to_error(request, error)
    if not isinstance(error, NotFoundException):
        answer.headers["Tus-Resumable"] = VERSION
        if answer.status_code == 412:
            answer.headers["Tus-Version"] = VERSION
    return answer
