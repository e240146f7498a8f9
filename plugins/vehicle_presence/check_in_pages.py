"""The page behind the code on the job sheet, and the questions at check-in."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession
from wtforms import BooleanField, IntegerField, MultipleFileField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from core.errors import NotFound
from core.i18n import gettext as _
from core.i18n import lazy_gettext
from core.web.dependencies import session_for_guard
from core.web.forms import Between, Form, attempt
from core.web.photo_uploads import Intake, take_in
from core.web.rendering import Flash, Page, page, redirect
from core.web.uploads import HANDLER_OPTIONS, Submission, receive_upload
from core.web.viewer import Viewer, requires
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import MOST_KILOMETRES
from core.workshop.photos.services import add_photo
from core.workshop.vehicles import repository as vehicles
from plugins.vehicle_presence import absence_repository, arrivals, check_ins, repository
from plugins.vehicle_presence.bands import band_of
from plugins.vehicle_presence.controllers import MARK
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.returning import address_after, again, viewer_of
from plugins.vehicle_presence.settings import settings

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
MOST_KEYS = 20
ADD_PHOTOS = "photos.add"
_ACCEPTED = "image/jpeg,image/heic,image/heif,image/png,image/webp,.heic,.heif"


class CheckInForm(Form):
    """The questions; which of them are put is the garage's choice. Photos are received beside it:
    `made` is how many there are by now."""

    made = 0

    mileage = IntegerField(lazy_gettext("Mileage (km)"), [Optional(), Between(0, MOST_KILOMETRES)])
    damage = TextAreaField(lazy_gettext("Prior damage"), [Optional(), Length(max=2000)])
    no_damage = BooleanField(lazy_gettext("Looked around: no prior damage"))
    photos = MultipleFileField(
        lazy_gettext("Photos of the vehicle as it came"), render_kw={"accept": _ACCEPTED}
    )
    keys = IntegerField(lazy_gettext("How many keys?"), [Optional(), Between(0, MOST_KEYS)])
    keys_place = StringField(lazy_gettext("Where do the keys hang?"), [Optional(), Length(max=100)])

    def is_complete(self, asked: dict[str, str]) -> bool:
        """Whether everything is right and what must be answered is; says so at the fields."""
        is_right = bool(self.validate())
        given = {
            "mileage": self.mileage.data is not None,
            "damage": bool(self.text("damage")) or bool(self.no_damage.data),
            "photos": self.made > 0,
            "keys": self.keys.data is not None,
        }
        for question, how in asked.items():
            field = self[question]
            if how == "required" and not given[question] and not field.errors:
                is_photo = question == "photos"
                text = _("Please add at least one photo.") if is_photo else None
                field.errors = [text or _("This field is required.")]
                is_right = False
        return is_right

    def answers(self, asked: dict[str, str]) -> dict[str, Any]:
        """What was answered to what was asked."""
        found: dict[str, Any] = {}
        if "mileage" in asked:
            found["mileage"] = self.mileage.data
        if "damage" in asked:
            found["damage"] = self.text("damage")
            found["no_damage"] = bool(self.no_damage.data) and not found["damage"]
        if "photos" in asked:
            found["photos"] = self.made or None
        if "keys" in asked:
            found |= {"keys": self.keys.data, "keys_place": self.text("keys_place")}
        return found


@get("/desk/jobs/{job_id:uuid}/presence", guards=[requires(MARK)])
async def scan_page(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Page:
    """What a phone shows that has read the sheet's code: the one button that fits now."""
    job = await jobs.by_id(session, job_id)
    stay = await repository.latest_stay(session, job_id)
    is_inside = stay is not None and stay.left_at is None
    absence = await absence_repository.open_absence(session, stay.id) if stay else None
    note = await check_ins.of_stay(session, stay.id) if stay else None
    return page(
        request,
        "vehicle_presence/scan.html",
        job=job,
        vehicle=await vehicles.by_id(session, job.vehicle_id),
        customer=await customers.by_id(session, job.customer_id),
        stay=stay,
        is_inside=is_inside,
        absence=absence,
        elsewhere=None if is_inside else await arrivals.elsewhere(session, job_id),
        band=band_of(stay.arrived_at, settings()) if stay and is_inside else None,
        back=address_after(request, job_id),
        again=again(request) or "?back=scan",
        is_asked=is_inside and note is None and bool(check_ins.asked()),
    )


@get("/desk/jobs/{job_id:uuid}/check-in", guards=[requires(MARK)])
async def check_in_page(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Page:
    """The questions, with what is known already."""
    stay = await _open_stay(session, job_id)
    note = await check_ins.of_stay(session, stay.id)
    known = {**note.answers, "photos": None} if note else {}
    return await _page(request, session, stay, CheckInForm(data=known))


@post(
    "/desk/jobs/{job_id:uuid}/check-in",
    guards=[requires(MARK)],
    opt=HANDLER_OPTIONS,
    request_max_body_size=None,
)
async def check_in(
    request: AnyRequest, session: Session, job_id: FromPath[UUID]
) -> Page | Redirect:
    """Keep the answers. Photos that came with them stay even if an answer is wrong: a browser
    does not choose files again."""
    viewer = await viewer_of(request)
    asked = _asked_of(viewer)
    async with receive_upload(request) as submission:  # first, so that no connection waits for it
        intake = await _examined(request, job_id, submission, viewer)
        stay = await _open_stay(session, job_id)
        form = CheckInForm(submission.values)
        problems = await _keep_photos(session, stay, intake, viewer)
    form.made = len(await check_ins.photos_of(session, stay)) if "photos" in asked else 0
    is_complete = form.is_complete(asked)
    if problems:
        form.photos.errors = [*problems, *form.photos.errors]
    if not is_complete or problems:
        return await _page(request, session, stay, form, status_code=422)
    async with attempt(session, form):
        await check_ins.note(session, job_id, form.answers(asked), viewer.actor)
    if form.has_errors:
        return await _page(request, session, stay, form, status_code=409)
    return redirect(
        request, address_after(request, job_id), flash=Flash(_("The check-in is noted."))
    )


async def _open_stay(session: AsyncSession, job_id: UUID) -> Stay:
    stay = await repository.open_stay(session, job_id)
    if stay is None or not check_ins.asked():
        raise NotFound("check-in")
    return stay


def _asked_of(viewer: Viewer) -> dict[str, str]:
    """What this person is asked: photos only if they may add some."""
    asked = check_ins.asked()
    if not viewer.may(ADD_PHOTOS):
        asked.pop("photos", None)
    return asked


async def _examined(
    request: AnyRequest, job_id: UUID, submission: Submission, viewer: Viewer
) -> Intake:
    """The photos that came with the form, examined while no transaction is open: that takes
    seconds.

    Raises:
        NotFound: nothing is asked about such a job; then none is looked at.
    """
    if not submission.files or not viewer.may(ADD_PHOTOS):
        return Intake()
    async with session_for_guard(request) as short:
        await _open_stay(short, job_id)
    return await take_in(submission)


async def _keep_photos(
    session: AsyncSession, stay: Stay, intake: Intake, viewer: Viewer
) -> list[str]:
    """Add the photos that came with the form; what is wrong with others."""
    full = CheckInForm()
    async with attempt(session, full):
        for each in intake.photos:
            await add_photo(
                session,
                stay.job_id,
                each.examined,
                name=each.name,
                source="desk",
                actor=viewer.actor,
                view=each.view,
            )
    return [*intake.problems, *full.form_errors]


async def _page(
    request: AnyRequest,
    session: AsyncSession,
    stay: Stay,
    form: CheckInForm,
    *,
    status_code: int = 200,
) -> Page:
    job_id = stay.job_id
    job = await jobs.by_id(session, job_id)
    asked = _asked_of(await viewer_of(request))
    return page(
        request,
        "vehicle_presence/check_in.html",
        job=job,
        vehicle=await vehicles.by_id(session, job.vehicle_id),
        stay=stay,
        form=form,
        asked=asked,
        photos=await check_ins.photos_of(session, stay),
        back=address_after(request, job_id),
        again=again(request),
        status_code=status_code,
    )


HANDLERS = [scan_page, check_in_page, check_in]
