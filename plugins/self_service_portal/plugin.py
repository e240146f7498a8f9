"""The self-service portal as a plugin: everything that it adds to a garage, by hook."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import Effect, MailTemplate, NavigationEntry, ScheduledTask
from core.hooks.manifest import PluginManifest
from core.hooks.markers import hookimpl
from core.web.rendering import Page
from plugins.self_service_portal import (
    estimate_pages,
    estimate_photos,
    job_pages,
    link_pages,
    repair_pages,
    repository,
)
from plugins.self_service_portal.estimate_steps import open_draft
from plugins.self_service_portal.mails import MAILS
from plugins.self_service_portal.pages import entries, page, page_guard
from plugins.self_service_portal.services import DELETE_FILES, delete_files, forget_old_drafts
from plugins.self_service_portal.settings import NAME, PortalSettings

AnyRequest = Request[Any, Any, Any]


@get("/{lang:str}", opt={"public": True})
async def home(
    request: AnyRequest, session: NamedDependency[AsyncSession], lang: FromPath[str]
) -> Page:
    """The four things that a customer can do."""
    draft = await open_draft(request, session)
    return page(
        request,
        "home.html",
        entries=entries(),
        base=f"/{lang}",
        has_draft=draft is not None and draft.job_id is None,
    )


class SelfServicePortal:
    """The plugin object that pluggy registers."""

    manifest = PluginManifest(
        name=NAME,
        version="1.0.0",
        label={
            "en": "Self-service portal",
            "nl": "Klantenportaal",
            "fr": "Portail client",
            "de": "Kundenportal",
        },
        summary={
            "en": "Appointments, repair status and pictures for customers, without an account.",
            "nl": "Afspraken, status en foto's voor klanten, zonder account.",
            "fr": "Rendez-vous, suivi et photos pour les clients, sans compte.",
            "de": "Termine, Status und Fotos für Kunden, ohne Konto.",
        },
        package="plugins.self_service_portal",
        settings=PortalSettings,
        personal_data={
            "en": "Unsent requests with plate, contact and photos, for seven days.",
            "nl": "Onverzonden aanvragen met nummerplaat, contact en foto's, zeven dagen lang.",
            "fr": "Demandes non envoyées avec plaque, contact et photos, pendant sept jours.",
            "de": "Nicht gesendete Anfragen mit Kennzeichen, Kontakt und Fotos, sieben Tage lang.",
        },
    )

    @hookimpl
    def routes(self) -> Sequence[ControllerRouterHandler]:
        """The portal's pages, below the language."""
        return [
            Router(
                path="/",
                guards=[page_guard],
                route_handlers=[
                    home,
                    *estimate_photos.HANDLERS,
                    *estimate_pages.HANDLERS,
                    *repair_pages.HANDLERS,
                    *job_pages.HANDLERS,
                    *link_pages.HANDLERS,
                ],
            )
        ]

    @hookimpl
    def home_page(self, language: str) -> str:
        """Visitors of the bare host see the portal."""
        return f"/{language}"

    @hookimpl
    def navigation(self, language: str) -> Sequence[NavigationEntry]:
        """The four entries in the portal's header."""
        return [
            NavigationEntry(
                entry.label,
                f"/{language}/{entry.key}",
                entry.icon,
                area="portal",
                position=entry.position,
            )
            for entry in entries()
        ]

    @hookimpl
    def mail_templates(self) -> Sequence[MailTemplate]:
        """Confirmations and cancellations."""
        return MAILS

    @hookimpl
    def effects(self) -> Sequence[Effect]:
        """Deleting the files of forgotten drafts."""
        return [Effect(DELETE_FILES, delete_files)]

    @hookimpl
    def scheduled_tasks(self) -> Sequence[ScheduledTask]:
        """Forgetting drafts that nobody came back to."""
        return [ScheduledTask(f"{NAME}.forget_drafts", forget_old_drafts, every_seconds=3600)]

    @hookimpl
    async def personal_data_export(
        self, session: AsyncSession, customer_id: UUID
    ) -> Mapping[str, Any]:
        """Drafts that became this customer's jobs."""
        drafts = await repository.drafts_of_customer(session, customer_id)
        return {"requests": [draft.answers for draft in drafts]}

    @hookimpl
    async def personal_data_erase(self, session: AsyncSession, customer_id: UUID) -> None:
        """Those drafts are forgotten."""
        for draft in await repository.drafts_of_customer(session, customer_id):
            await repository.delete_draft(session, draft.id)


plugin = SelfServicePortal()
