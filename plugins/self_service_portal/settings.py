"""What may be decided about a garage's portal, by support alone or by its owner too."""

from typing import Annotated

from pydantic import Field

from core.hooks.manifest import OWNER, ChosenFrom, PluginSettings
from core.i18n import gettext_noop
from core.tenancy.context import current_tenant
from core.workshop.jobs.stages import TOLD_STAGES
from core.workshop.photos.views import VIEWS

NAME = "self_service_portal"


class PortalSettings(PluginSettings):
    """Each of the four entries can be hidden, by support; what customers are mailed and asked
    afterwards is the owner's to say."""

    show_estimate: bool = Field(True, title=gettext_noop("Make appointment for estimate"))
    show_repair: bool = Field(True, title=gettext_noop("Make appointment for repair"))
    show_status: bool = Field(True, title=gettext_noop("View repair status"))
    show_pictures: bool = Field(True, title=gettext_noop("Add pictures"))
    reminders: Annotated[bool, OWNER] = Field(
        True, title=gettext_noop("Remind customers by e-mail the day before an appointment")
    )
    reminder_hour: Annotated[int, OWNER] = Field(
        10, ge=0, le=23, title=gettext_noop("Hour of the day from which reminders are sent")
    )
    mail_stages: Annotated[str, OWNER, ChosenFrom(TOLD_STAGES)] = Field(
        "ready",
        max_length=300,
        pattern=r"^[a-z0-9_]*([ ,]+[a-z0-9_]+)*$",
        title=gettext_noop("Stages at which customers are mailed"),
    )
    stage_mail_minutes: Annotated[int, OWNER] = Field(
        2,
        ge=0,
        le=60,
        title=gettext_noop("Minutes until customers are told of a stage, to take back a slip"),
    )
    pick_up_online: Annotated[bool, OWNER] = Field(
        True, title=gettext_noop("Customers choose when they fetch a vehicle that is ready")
    )
    ask_cancel_reason: Annotated[bool, OWNER] = Field(
        False, title=gettext_noop("Ask customers who cancel for the reason")
    )
    cancel_reasons: Annotated[str, OWNER] = Field(
        "",
        max_length=500,
        title=gettext_noop(
            "Reasons to choose from, separated by semicolons; without any, customers write"
        ),
    )
    cancel_reasons_nl: Annotated[str, OWNER] = Field(
        "", max_length=500, title=gettext_noop("The reasons in Dutch, where they differ")
    )
    cancel_reasons_fr: Annotated[str, OWNER] = Field(
        "", max_length=500, title=gettext_noop("The reasons in French, where they differ")
    )
    cancel_reasons_de: Annotated[str, OWNER] = Field(
        "", max_length=500, title=gettext_noop("The reasons in German, where they differ")
    )
    cancel_reasons_en: Annotated[str, OWNER] = Field(
        "", max_length=500, title=gettext_noop("The reasons in English, where they differ")
    )
    confirm_bookings: Annotated[bool, OWNER] = Field(
        False,
        title=gettext_noop("An estimate booked online counts once its e-mail was confirmed"),
    )
    confirm_hours: Annotated[int, OWNER] = Field(
        2,
        ge=1,
        le=48,
        title=gettext_noop("Hours after which a time that is not confirmed is freed"),
    )
    tell_garage: Annotated[bool, OWNER] = Field(
        False,
        title=gettext_noop(
            "Mail the garage what customers did online: appointments, answers, messages, photos"
        ),
    )
    tell_garage_minutes: Annotated[int, OWNER] = Field(
        10,
        ge=0,
        le=240,
        title=gettext_noop("Minutes for which that is gathered into one mail; 0: at once"),
    )
    tile_front_left: Annotated[bool, OWNER] = Field(
        True, title=gettext_noop("Ask for a photo: front left")
    )
    tile_front_right: Annotated[bool, OWNER] = Field(
        True, title=gettext_noop("Ask for a photo: front right")
    )
    tile_rear_left: Annotated[bool, OWNER] = Field(
        True, title=gettext_noop("Ask for a photo: rear left")
    )
    tile_rear_right: Annotated[bool, OWNER] = Field(
        True, title=gettext_noop("Ask for a photo: rear right")
    )
    tile_close_up: Annotated[bool, OWNER] = Field(
        True, title=gettext_noop("Ask for a photo: damage from close by")
    )
    tile_two_metres: Annotated[bool, OWNER] = Field(
        True, title=gettext_noop("Ask for a photo: damage from 2 m")
    )
    tile_odometer: Annotated[bool, OWNER] = Field(
        True, title=gettext_noop("Ask for a photo: odometer")
    )
    tile_vin_plate: Annotated[bool, OWNER] = Field(
        True, title=gettext_noop("Ask for a photo: chassis number plate")
    )

    def reasons_in(self, language: str) -> tuple[str, ...]:
        """What customers who cancel choose from, in that language or the one that serves all."""
        own = str(getattr(self, f"cancel_reasons_{language}", ""))
        listed = own if own.strip(" ;") else self.cancel_reasons
        return tuple(each.strip() for each in listed.split(";") if each.strip())

    @property
    def photo_tiles(self) -> tuple[str, ...]:
        """The views of the vehicle that customers are asked to photograph, in order."""
        return tuple(view for view in VIEWS if getattr(self, f"tile_{view}"))


def settings() -> PortalSettings:
    """The portal's settings for the garage in scope."""
    return PortalSettings.model_validate(dict(current_tenant().plugin_settings.get(NAME, {})))
