"""From uploaded files to photos that can be kept, each problem said in words."""

from dataclasses import dataclass, field

from core.i18n import gettext as _
from core.web.uploads import MOST_FILES, Submission
from core.workshop.photos.imaging import PhotoProblem
from core.workshop.photos.services import ExaminedPhoto, examine, problem_text


@dataclass(slots=True)
class Intake:
    """Photos that are good, with the names they came under, and what is wrong with others."""

    photos: list[tuple[str, ExaminedPhoto]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def take_in(submission: Submission, field_name: str = "photos") -> Intake:
    """Examine every file of a field. One bad file does not keep the others out."""
    intake = Intake()
    for file in submission.files:
        if file.field != field_name:
            continue
        if file.is_too_large:
            intake.problems.append(_describe("too_large", file.name))
            continue
        try:
            intake.photos.append((file.name, await examine(file.path)))
        except PhotoProblem as problem:
            intake.problems.append(_describe(problem.code, file.name))
    if submission.files_left_out:
        intake.problems.append(
            _(
                "Please send at most %(most)s photos at once; the others were left out.",
                most=MOST_FILES,
            )
        )
    return intake


def _describe(code: str, name: str) -> str:
    message, values = problem_text(code, name)
    return _(message, **values)
