"""What one web process holds open, gathered in one place by the composition root."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from jinja2 import Environment
from litestar.connection import ASGIConnection

from core.db.session import Database
from core.hooks.manager import HookManager
from core.memory import Memory
from core.settings import Settings
from core.storage import Storage
from core.tenancy.context import TenantContext
from core.tenancy.directory import TenantDirectory
from core.web.assets import Assets
from core.web.limits import Limiter
from core.web.live_reader import LiveReader
from core.workshop.audit.services import Actor

MOST_WORN_BYTES = 1_000_000
"""Of a process: the looks of some thousand garages."""


class ChangeOwnSettings(Protocol):
    """Changes those of a plugin's settings that are a garage's own to change; who keeps them is
    not the house's business."""

    async def __call__(
        self, tenant: TenantContext, plugin: str, changes: Mapping[str, Any], actor: Actor
    ) -> UUID | None:
        """The entry in the garage's log; None where nothing differs.

        Raises:
            InvalidSettings: a value has the wrong form.
            NotFound: the plugin is off, or leaves nothing to the owner.
        """
        ...


@dataclass(frozen=True, slots=True)
class Resources:
    """The open doors of a web process: database, directory, storage, plugins, pages."""

    settings: Settings
    database: Database
    directory: TenantDirectory
    hooks: HookManager
    storage: Storage
    limiter: Limiter
    templates: Environment
    assets: Assets
    live: LiveReader
    drawn: Memory[Any, Any]
    """What was drawn of pages: some five hundred long ones."""
    change_own_settings: ChangeOwnSettings
    worn: Memory[Any, Any] = field(default_factory=lambda: Memory(MOST_WORN_BYTES))
    extras: dict[str, Any] = field(default_factory=dict)


AnyConnection = ASGIConnection[Any, Any, Any, Any]


def resources_of(connection: AnyConnection) -> Resources:
    """The resources of the process that serves this request."""
    resources: Resources = connection.app.state.resources
    return resources


def tenant_of(connection: AnyConnection) -> TenantContext:
    """The garage whose host this request came to."""
    tenant: TenantContext = connection.scope["state"]["tenant"]
    return tenant
