"""The self-service portal as a plugin: everything that it adds to a garage, by hook."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Router
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.reading import Reading
from core.hooks.contributions import (
    Badge,
    Effect,
    MailTemplate,
    NavigationEntry,
    Panel,
    Permission,
    PublicPage,
    ScheduledTask,
    TimelineEntry,
)
from core.hooks.manifest import PluginManifest
from core.hooks.markers import hookimpl
from core.workshop.photos.services import MOST_DRAWINGS
from plugins.self_service_portal import (
    app_pages,
    confirm_pages,
    confirmations,
    consents,
    corrections,
    done_pages,
    draft_photos,
    embed_pages,
    estimate_pages,
    estimate_photos,
    estimate_time,
    finish_pages,
    found,
    home_pages,
    job_links,
    job_marks,
    job_pages,
    job_uploads,
    link_pages,
    look_pages,
    look_preview,
    lost_numbers,
    mail_choices,
    message_pages,
    news,
    news_desk,
    pick_up_pages,
    picture_links,
    privacy_pages,
    quote_desk,
    quote_pages,
    reach_pages,
    repair_pages,
    repository,
    short_links,
    stage_mails,
    status_pages,
    talk_data,
    talk_demo,
    talk_panels,
    time_wish_desk,
    time_wish_pages,
    time_wishes,
    unconfirmed_desk,
    visit_photos,
    waiting,
)
from plugins.self_service_portal.appointments import notice_of, tell_of_garages_deed
from plugins.self_service_portal.entries import entries
from plugins.self_service_portal.look import look_scope
from plugins.self_service_portal.look_services import look_of
from plugins.self_service_portal.mail_look import dressed
from plugins.self_service_portal.mails import MAILS
from plugins.self_service_portal.news_mail import NEWS_MAIL
from plugins.self_service_portal.pages import page_guard
from plugins.self_service_portal.permissions import PERMISSIONS
from plugins.self_service_portal.reminders import EVERY_SECONDS, remind
from plugins.self_service_portal.retention import keep_retention
from plugins.self_service_portal.services import forget_draft, forget_old_drafts
from plugins.self_service_portal.settings import NAME, PortalSettings
from plugins.self_service_portal.talk_mails import MAILS as TALK_MAILS
from plugins.self_service_portal.time_wish_mail import MAIL as TIME_IS_FREE_MAIL
from plugins.self_service_portal.unconfirmed import free_unconfirmed


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
            "en": "Unsent requests and wishes, 30 days at most; messages; answered estimates.",
            "nl": "Onverzonden aanvragen en wensen, hoogstens 30 dagen; berichten; bestekken.",
            "fr": "Demandes non envoyées et souhaits, 30 jours au plus ; messages ; devis.",
            "de": "Offene Anfragen und Wünsche, bis 30 Tage; Nachrichten; Kostenvoranschläge.",
        },
    )

    @hookimpl
    def routes(self) -> Sequence[ControllerRouterHandler]:
        """The portal's pages, below the language; the desk's part of the talk with customers."""
        return [
            Router(
                path="/",
                guards=[page_guard],
                route_handlers=[
                    *home_pages.HANDLERS,
                    *estimate_photos.HANDLERS,
                    *estimate_time.HANDLERS,
                    *done_pages.HANDLERS,
                    *estimate_pages.HANDLERS,
                    *repair_pages.HANDLERS,
                    *job_pages.HANDLERS,
                    *job_uploads.HANDLERS,
                    *visit_photos.HANDLERS,
                    *picture_links.HANDLERS,
                    *link_pages.HANDLERS,
                    *time_wish_pages.HANDLERS,
                    *confirm_pages.HANDLERS,
                    *mail_choices.HANDLERS,
                    *lost_numbers.HANDLERS,
                    *privacy_pages.HANDLERS,
                    *status_pages.HANDLERS,
                    *pick_up_pages.HANDLERS,
                    *message_pages.HANDLERS,
                    *quote_pages.HANDLERS,
                    *job_links.HANDLERS,
                    *finish_pages.HANDLERS,
                    *embed_pages.HANDLERS,
                    *app_pages.HANDLERS,
                ],
            ),
            *message_pages.DESK_HANDLERS,
            *quote_desk.DESK_HANDLERS,
            *time_wish_desk.HANDLERS,
            *news_desk.HANDLERS,
            *unconfirmed_desk.HANDLERS,
            *look_pages.HANDLERS,
            *look_preview.HANDLERS,
            *embed_pages.SCRIPTS,
            *app_pages.SCRIPTS,
            *short_links.HANDLERS,
            *reach_pages.HANDLERS,
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        """Answering messages, and sending estimates."""
        return PERMISSIONS

    @hookimpl
    async def job_card_panels(self, session: AsyncSession, job_id: UUID) -> Sequence[Panel]:
        """What is not confirmed yet, the talk with the customer, and the estimates."""
        unconfirmed = await unconfirmed_desk.job_panels(session, job_id)
        return [*unconfirmed, *await talk_panels.job_panels(session, job_id)]

    @hookimpl
    async def job_sheet_panels(self, session: AsyncSession, job_id: UUID) -> Sequence[Panel]:
        """The customer's code."""
        return await talk_panels.sheet_panels(session, job_id)

    @hookimpl
    async def job_badges(
        self, reading: Reading, job_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[Badge]]:
        """Appointments to be confirmed, new messages, and estimates with their answers."""
        return await job_marks.badges(reading, job_ids)

    @hookimpl
    async def job_timeline(self, session: AsyncSession, job_id: UUID) -> Sequence[TimelineEntry]:
        """Messages and estimates, and what the customer was told by mail."""
        told = await stage_mails.timeline(session, job_id)
        agreed = await consents.timeline(session, job_id)
        return [*told, *await talk_panels.timeline(session, job_id), *agreed]

    @hookimpl
    async def dashboard_cards(self, session: AsyncSession) -> Sequence[Panel]:
        """What customers wait for, and what they did."""
        return [
            *await talk_panels.dashboard(session),
            await news_desk.news_card(session),
            await time_wish_desk.wish_card(session),
        ]

    @hookimpl
    def audit_labels(self) -> Mapping[str, str]:
        """Answers and estimates."""
        return {
            **talk_panels.audit_labels(),
            **waiting.audit_labels(),
            **unconfirmed_desk.audit_labels(),
            **corrections.audit_labels(),
            **look_pages.audit_labels(),
        }

    @hookimpl
    async def demo_data(self, session: AsyncSession) -> None:
        """Talks and estimates for the demo's jobs."""
        await talk_demo.fill_in(session)

    @hookimpl
    def home_page(self, language: str) -> str:
        """Visitors of the bare host see the portal."""
        return f"/{language}"

    @hookimpl
    async def public_pages(self, session: AsyncSession) -> Sequence[PublicPage]:
        """The first page, and where each of the four begins."""
        with look_scope(await look_of(session)):
            return found.public_pages()

    @hookimpl
    def navigation(self, language: str) -> Sequence[NavigationEntry]:
        """The four entries in the portal's header; *Waiting list* and *Portal* at the desk."""
        return [
            time_wish_desk.desk_entry(),
            look_pages.desk_entry(),
            privacy_pages.foot_entry(language),
            *(
                NavigationEntry(
                    entry.label,
                    f"/{language}/{entry.key}",
                    entry.icon,
                    area="portal",
                    position=entry.position,
                )
                for entry in entries()
            ),
        ]

    @hookimpl
    def mail_templates(self) -> Sequence[MailTemplate]:
        """What is booked, moved or cancelled, reminders, how far a repair is, and answers; to
        the garage, what customers did."""
        to_customers = (*MAILS, *TALK_MAILS, TIME_IS_FREE_MAIL, lost_numbers.MAIL)
        return [*map(dressed, to_customers), NEWS_MAIL]

    @hookimpl
    def effects(self) -> Sequence[Effect]:
        """Deleting the files of photos that were taken back, drawing the others small, and
        mailing job numbers that were lost."""
        return [
            Effect(draft_photos.DELETE_FILES, draft_photos.delete_files),
            Effect(draft_photos.DRAW_THUMB, draft_photos.draw_thumb, most_attempts=MOST_DRAWINGS),
            Effect(lost_numbers.MAIL_AGAIN, lost_numbers.mail_again),
        ]

    @hookimpl
    def scheduled_tasks(self) -> Sequence[ScheduledTask]:
        """Forgetting drafts that nobody came back to, and files that never arrived whole;
        reminding of appointments, and freeing those that nobody confirmed."""
        return [
            ScheduledTask(f"{NAME}.forget_drafts", forget_old_drafts, every_seconds=3600),
            ScheduledTask(f"{NAME}.keep_retention", keep_retention, every_seconds=3600),
            ScheduledTask(f"{NAME}.remind", remind, every_seconds=EVERY_SECONDS),
            ScheduledTask(f"{NAME}.free_unconfirmed", free_unconfirmed, every_seconds=300),
            ScheduledTask(f"{NAME}.tidy_waiting", waiting.tidy, every_seconds=900),
            ScheduledTask(f"{NAME}.forget_news", news.forget_old_news, local_hour=4),
            ScheduledTask(f"{NAME}.look_for_times", waiting.look, local_hour=7),
        ]

    @hookimpl
    async def task_finished(self, session: AsyncSession, job_id: UUID, task_key: str) -> None:
        """A stage that the customer may want to hear of."""
        await stage_mails.tell(session, job_id, task_key)

    @hookimpl
    async def job_status_changed(self, session: AsyncSession, job_id: UUID, after: str) -> None:
        """The same, where somebody set the status by hand."""
        await stage_mails.tell_of_status(session, job_id, after)

    @hookimpl
    async def appointment_notice(self, session: AsyncSession, job_id: UUID) -> str | None:
        """The customer's e-mail address."""
        return await notice_of(session, job_id)

    @hookimpl
    async def appointment_cancelled(
        self, session: AsyncSession, appointment_id: UUID, tell_customer: bool
    ) -> None:
        """Cancelled by the garage: the customer's calendar follows. Its time is free for those
        who wait for one."""
        if tell_customer:
            await tell_of_garages_deed(session, appointment_id)
        await waiting.on_cancelled(session, appointment_id)
        await news.on_cancelled(session, appointment_id)

    @hookimpl
    async def appointment_moved(
        self,
        session: AsyncSession,
        appointment_id: UUID,
        before: datetime,
        by: str,
        tell_customer: bool,
    ) -> None:
        """The same, where it was moved; whom the garage gave another time needs not confirm."""
        await confirmations.settle(session, appointment_id)
        if tell_customer:
            await tell_of_garages_deed(session, appointment_id)
        await waiting.on_moved(session, appointment_id, before)
        await news.on_moved(session, appointment_id, before, by)

    @hookimpl
    async def appointment_booked(
        self, session: AsyncSession, appointment_id: UUID, tell_customer: bool
    ) -> None:
        """Booked by the garage: the customer has it in writing. Whoever waited has a time."""
        if tell_customer:
            await tell_of_garages_deed(session, appointment_id)
        await waiting.on_booked(session, appointment_id)
        await news.on_booked(session, appointment_id)

    @hookimpl
    async def personal_data_export(
        self, session: AsyncSession, customer_id: UUID
    ) -> Mapping[str, Any]:
        """Drafts that became this customer's jobs, and what was said about those."""
        drafts = await repository.drafts_of_customer(session, customer_id)
        talk = await talk_data.export(session, customer_id)
        wishes = await time_wishes.wishes_of(session, customer_id)
        return {
            "requests": [draft.answers for draft in drafts],
            "waiting": [time_wishes.exported(wish) for wish in wishes],
            "consents": await consents.export(session, customer_id),
            **talk,
        }

    @hookimpl
    async def personal_data_erase(self, session: AsyncSession, customer_id: UUID) -> None:
        """Those drafts and messages are forgotten; estimates and answers to them are contracts."""
        for draft in await repository.drafts_of_customer(session, customer_id):
            await forget_draft(session, draft)
        await talk_data.erase(session, customer_id)
        await time_wishes.erase_wishes_of(session, customer_id)


plugin = SelfServicePortal()
