"""What support may decide about a garage's portal."""

from pydantic import Field

from core.hooks.manifest import PluginSettings
from core.i18n import gettext_noop
from core.tenancy.context import current_tenant

NAME = "self_service_portal"


class PortalSettings(PluginSettings):
    """Each of the four entries can be hidden."""

    show_estimate: bool = Field(True, title=gettext_noop("Make appointment for estimate"))
    show_repair: bool = Field(True, title=gettext_noop("Make appointment for repair"))
    show_status: bool = Field(True, title=gettext_noop("View repair status"))
    show_pictures: bool = Field(True, title=gettext_noop("Add pictures"))


def settings() -> PortalSettings:
    """The portal's settings for the garage in scope."""
    return PortalSettings.model_validate(dict(current_tenant().plugin_settings.get(NAME, {})))
