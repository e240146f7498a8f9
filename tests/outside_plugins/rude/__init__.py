"""A plugin that fails wherever it is asked, once a page is being made or something happens."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import Badge, NavigationEntry, Panel
from core.hooks.manifest import PluginManifest
from core.hooks.markers import hookimpl
from core.tenancy.context import TenantContext

NAME = "rude"


class RudeError(Exception):
    """What it raises."""


@get("/rude", opt={"public": True})
async def rude_page(session: NamedDependency[AsyncSession]) -> None:
    """Fails after it wrote something."""
    await session.execute(text("delete from customers"))
    raise RudeError("page")


class Rude:
    """The plugin object."""

    manifest = PluginManifest(
        name=NAME,
        version="0.1",
        label={"en": "Rude"},
        summary={"en": "Fails."},
        package="tests.outside_plugins.rude",
        requires=("polite",),
    )

    @hookimpl
    def routes(self) -> Sequence[ControllerRouterHandler]:
        """One page, which fails."""
        return [rude_page]

    @hookimpl
    def navigation(self, tenant: TenantContext) -> Sequence[NavigationEntry]:
        """Fails."""
        raise RudeError("navigation")

    @hookimpl
    async def dashboard_cards(self, session: AsyncSession) -> Sequence[Panel]:
        """Breaks its statement, and with it a transaction that had no savepoint."""
        await session.execute(text("select 1 / 0"))
        return []

    @hookimpl
    async def job_card_panels(self, session: AsyncSession, job_id: UUID) -> Sequence[Panel]:
        """Fails after it wrote something."""
        await session.execute(text("delete from customers"))
        raise RudeError("job_card_panels")

    @hookimpl
    def job_badges(self, job_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Badge]]:
        """Fails."""
        raise RudeError("job_badges")

    @hookimpl
    async def job_created(self, session: AsyncSession, job_id: UUID) -> None:
        """Fails."""
        raise RudeError("job_created")

    @hookimpl
    async def personal_data_export(self, customer_id: UUID) -> Mapping[str, Any]:
        """Fails."""
        raise RudeError("personal_data_export")

    @hookimpl
    async def personal_data_erase(self, customer_id: UUID) -> None:
        """Fails."""
        raise RudeError("personal_data_erase")


plugin = Rude()
