"""What a garage may decide about vehicle presence."""

from typing import Annotated, Literal

from pydantic import Field

from core.hooks.manifest import OWNER, PluginSettings
from core.i18n import gettext_noop
from core.tenancy.context import TenantContext, current_tenant

NAME = "vehicle_presence"
Asked = Literal["off", "optional", "required"]
"""Whether a question is put at check-in."""
ASKED_WORDS = (gettext_noop("off"), gettext_noop("optional"), gettext_noop("required"))


class PresenceSettings(PluginSettings):
    """Thresholds in days. All but the hour of the night, which the garages share among them, are
    the owner's to change."""

    stale_after_days: Annotated[int, OWNER] = Field(
        21,
        ge=1,
        le=365,
        title=gettext_noop("Days inside after which a vehicle is shown as forgotten"),
    )
    ageing_after_days: Annotated[int, OWNER] = Field(
        8, ge=1, le=365, title=gettext_noop("Days inside after which a vehicle is shown as ageing")
    )
    sweep_after_days: Annotated[int, OWNER] = Field(
        3,
        ge=0,
        le=365,
        title=gettext_noop(
            "Days after the end of the work until the clean-up marks a vehicle off site"
        ),
    )
    ask_after_days: Annotated[int, OWNER] = Field(
        30,
        ge=1,
        le=365,
        title=gettext_noop(
            "Days without any activity after which the clean-up asks about a vehicle"
        ),
    )
    sweep_hour: int = Field(
        4,
        ge=0,
        le=23,
        title=gettext_noop("Hour of the night at which the clean-up looks (0 to 23)"),
    )
    undo_minutes: Annotated[int, OWNER] = Field(
        30, ge=1, le=1440, title=gettext_noop("Minutes during which the clock can be undone")
    )
    tell_customer_at_departure: Annotated[bool, OWNER] = Field(
        False,
        title=gettext_noop(
            "Tell customers by e-mail that their vehicle has left, after the time to undo"
        ),
    )
    ask_mileage: Annotated[Asked, OWNER] = Field(
        "off", title=gettext_noop("Ask at check-in: mileage")
    )
    ask_damage: Annotated[Asked, OWNER] = Field(
        "off", title=gettext_noop("Ask at check-in: prior damage")
    )
    ask_photos: Annotated[Asked, OWNER] = Field(
        "off", title=gettext_noop("Ask at check-in: photos of the vehicle")
    )
    ask_keys: Annotated[Asked, OWNER] = Field("off", title=gettext_noop("Ask at check-in: keys"))


def settings() -> PresenceSettings:
    """What the garage in scope decided."""
    return settings_of(current_tenant())


def settings_of(tenant: TenantContext) -> PresenceSettings:
    """What a garage decided."""
    return PresenceSettings.model_validate(dict(tenant.plugin_settings.get(NAME, {})))
