"""From uploaded files to photos that can be kept, each problem said in words."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import gettext as _
from core.web.resumable import ArrivedFile, UploadTarget, resumable_uploads
from core.web.uploads import MOST_FILES, Submission, UploadedFile
from core.workshop.photos.imaging import MAX_BYTES, PhotoProblem
from core.workshop.photos.services import ExaminedPhoto, examine, problem_text, with_time
from core.workshop.photos.views import VIEWS

AnyRequest = Request[Any, Any, Any]
FIELD = "photos"
"""The field of photos of anything; those of a view come as `photos-<view>`."""


@dataclass(frozen=True, slots=True)
class ReceivedPhoto:
    """A photo that is good. `view` is one of :data:`core.workshop.photos.views.VIEWS`, or None."""

    name: str
    examined: ExaminedPhoto
    view: str | None = None


@dataclass(slots=True)
class Intake:
    """Photos that are good, and what is wrong with others."""

    photos: list[ReceivedPhoto] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class PhotoRefused(Refused):
    """A photo that cannot be taken; the text names it and says what to do."""

    status_code = 422

    def __init__(self, code: str, name: str) -> None:
        message, values = problem_text(code, name)
        super().__init__(message, **values)


async def take_in(submission: Submission) -> Intake:
    """Examine every photo of a form. One bad file does not keep the others out."""
    intake = Intake()
    for file in submission.files:
        if file.field.partition("-")[0] != FIELD:
            continue
        try:
            intake.photos.append(await _received(file))
        except PhotoRefused as refusal:
            intake.problems.append(_(refusal.message, **refusal.values))
    if submission.files_left_out:
        intake.problems.append(
            _(
                "Please send at most %(most)s photos at once; the others were left out.",
                most=MOST_FILES,
            )
        )
    return intake


def resumable_photos(
    path: str,
    *,
    authorise: Callable[[AnyRequest, AsyncSession], Awaitable[str]],
    keep: Callable[[AnyRequest, AsyncSession, ReceivedPhoto], Awaitable[None]],
    opt: Mapping[str, Any] | None = None,
    guards: Sequence[Guard] = (),
) -> list[HTTPRouteHandler]:
    """Handlers to which `<photo-upload>` sends photos, each on its own and resumable.

    `authorise` and `keep` are as in :class:`core.web.resumable.UploadTarget`. The sender may say
    as metadata `filename`, `view`, and `taken_at` (which drawing a photo smaller loses).
    """

    async def prepare(file: ArrivedFile) -> ReceivedPhoto:
        name = file.details.get("filename") or "photo"
        return ReceivedPhoto(name, await _examine(name, file), _known(file.details.get("view", "")))

    return resumable_uploads(
        UploadTarget(path, authorise, prepare, keep, MAX_BYTES, opt=opt or {}, guards=guards)
    )


async def _received(file: UploadedFile) -> ReceivedPhoto:
    if file.is_too_large:
        raise PhotoRefused("too_large", file.name)
    examined = await _examine(file.name, ArrivedFile(file.path, {}))
    return ReceivedPhoto(file.name, examined, _known(file.field.partition("-")[2]))


async def _examine(name: str, file: ArrivedFile) -> ExaminedPhoto:
    try:
        examined = await examine(file.path)
    except PhotoProblem as problem:
        raise PhotoRefused(problem.code, name) from problem
    return with_time(examined, file.details.get("taken_at", ""))


def _known(view: str) -> str | None:
    return view if view in VIEWS else None
