"""A plugin that uses every hook, and notes which were called for whom."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response
from litestar.types import ControllerRouterHandler
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.background.console import console
from core.db.reading import Reading
from core.errors import Refused
from core.hooks.contributions import (
    Badge,
    CleanupRule,
    Column,
    Effect,
    MailTemplate,
    NavigationEntry,
    Panel,
    Permission,
    PublicPage,
    ScheduledTask,
    TimelineEntry,
    VehicleHandedOver,
    VehicleMoment,
    VehicleTimesChanged,
)
from core.hooks.manifest import OWNER, PluginManifest, PluginSettings
from core.hooks.markers import hookimpl
from core.i18n import gettext as _
from core.tenancy.context import TenantContext, current_tenant
from core.web.live import stream
from core.web.rendering import Page, page
from core.web.viewer import requires
from core.workshop.notifications.services import enqueue, send_mail
from tests.outside_plugins.polite import guestbook
from tests.outside_plugins.polite.models import Note

NAME = "polite"
calls: list[tuple[str, str, dict[str, Any]]] = []
"""(hook, subdomain, arguments) of every call, oldest first."""
keys_here: set[UUID] = set()
"""Jobs whose vehicles cannot leave, because this plugin has their keys."""
commands_ = typer.Typer(name="polite", help="An outside plugin's command.")


class PoliteSettings(PluginSettings):
    """What may be decided per garage."""

    greeting: Annotated[str, OWNER] = Field("Good day", title="Greeting", max_length=40)
    loudness: Annotated[int, OWNER] = Field(3, ge=1, le=10, title="Loudness")
    shows_card: bool = Field(True, title="Show a card")


@commands_.command("notes")
def _notes(garage: str) -> None:
    """How many notes a garage has."""

    async def count(session: AsyncSession) -> int:
        return len(list(await session.scalars(select(Note))))

    for slug, number in console().in_garages(NAME, garage, count):
        typer.echo(f"{slug}: {number}")


@commands_.callback()
def _group() -> None:
    """An outside plugin's command."""


@get("/desk/polite", guards=[requires("polite.look")])
async def polite_page(
    request: Request[Any, Any, Any], session: NamedDependency[AsyncSession]
) -> Page:
    """A page of the plugin's own, in the staff's frame."""
    notes = list(await session.scalars(select(Note).order_by(Note.id)))
    return page(request, "polite/page.html", notes=notes)


@get("/desk/polite/events", guards=[requires("polite.look")])
async def events(request: Request[Any, Any, Any]) -> Response[Any]:
    """Says when the plugin's notes changed, to whoever has its page open."""
    return await stream(request, "polite.notes")


@get("/desk/polite/unguarded")
async def unguarded(request: Request[Any, Any, Any]) -> str:
    """A route whose author forgot everything: the gate stands before it all the same."""
    return current_tenant().slug


async def _say_hello(session: AsyncSession, payload: Mapping[str, Any]) -> None:
    session.add(Note(text=f"effect:{payload['what']}"))


async def _take_time(session: AsyncSession, payload: Mapping[str, Any]) -> None:
    """Say who has begun, in a file; the first one then works for a while."""
    begun = _sign(Path(payload["begun"]))
    session.add(Note(text=f"slow:{payload['what']}"))
    await session.flush()
    if begun == 1:
        await asyncio.sleep(payload["seconds"])


def _sign(path: Path) -> int:
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len(path.read_text().splitlines())


async def _tick(session: AsyncSession) -> None:
    session.add(Note(text="tick"))


async def _find_with_keys(
    session: AsyncSession, job_ids: Sequence[UUID], before: datetime
) -> Mapping[UUID, datetime | None]:
    """Those whose job a note names: the moment in it is when the keys were handed back."""
    calls.append(("cleanup_rules.find", current_tenant().slug, {"job_ids": list(job_ids)}))
    found = await session.scalars(select(Note.text).where(Note.text.startswith("keys:")))
    notes = [text.split(":", 2)[1:] for text in found]
    moments = {UUID(job): datetime.fromisoformat(at) if at else None for job, at in notes}
    return {
        job: moments[job]
        for job in job_ids
        if job in moments and (moments[job] or before) <= before
    }


RULES = [
    CleanupRule(
        "polite.keys",
        {"en": "Keys handed back", "nl": "Sleutels terug"},
        _find_with_keys,
        days=2,
        mode="automatic",
    )
]


async def _load_mail(
    _session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    return {"what": payload["what"]}


async def ask_for_everything(session: AsyncSession, what: str, to: str, key: str) -> None:
    """Put one effect and one mail into the outbox."""
    await enqueue(session, "polite.hello", {"what": what}, key=f"hello:{key}")
    await send_mail(session, "polite.hello_mail", to, "fr", {"what": what}, key=f"mail:{key}")


class Polite:
    """The plugin object."""

    manifest = PluginManifest(
        name=NAME,
        version="1.2.3",
        label={"en": "Polite"},
        summary={"en": "Says hello."},
        package="tests.outside_plugins.polite",
        settings=PoliteSettings,
        personal_data={"en": "Notes."},
    )

    @hookimpl
    def routes(self) -> Sequence[ControllerRouterHandler]:
        """Two pages of the desk, a stream, and a page for everybody."""
        return [polite_page, events, unguarded, *guestbook.HANDLERS]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        """Looking."""
        return [Permission("polite.look", {"en": "Look"}, ("owner", "technician"))]

    @hookimpl
    def effects(self) -> Sequence[Effect]:
        """Saying hello, and taking one's time."""
        return [Effect("polite.hello", _say_hello), Effect("polite.slow", _take_time)]

    @hookimpl
    def scheduled_tasks(self) -> Sequence[ScheduledTask]:
        """One every minute and one every night."""
        return [
            ScheduledTask("polite.tick", _tick, every_seconds=60),
            ScheduledTask("polite.nightly", _tick, local_hour=3),
        ]

    @hookimpl
    def mail_templates(self) -> Sequence[MailTemplate]:
        """A mail."""
        return [MailTemplate("polite.hello_mail", "polite/mail/hello", _load_mail)]

    @hookimpl
    def commands(self) -> typer.Typer:
        """`garagist polite notes`."""
        return commands_

    @hookimpl(trylast=True)
    def home_page(self, tenant: TenantContext, language: str) -> str | None:
        """Nothing of its own, unless the greeting says so."""
        calls.append(("home_page", tenant.slug, {"language": language}))
        wishes = tenant.plugin_settings.get(NAME, {})
        return "/desk/polite" if wishes.get("greeting") == "home" else None

    @hookimpl
    def navigation(self, tenant: TenantContext, language: str) -> Sequence[NavigationEntry]:
        """An entry of the staff's menu."""
        calls.append(("navigation", tenant.slug, {"language": language}))
        return [NavigationEntry(_("Polite page"), "/desk/polite", permission="polite.look")]

    @hookimpl
    async def public_pages(self, session: AsyncSession, language: str) -> Sequence[PublicPage]:
        """A page for everybody."""
        _note("public_pages", session=session, language=language)
        return [PublicPage({"en": "/polite", "fr": "/poli"})]

    @hookimpl
    async def dashboard_cards(self, session: AsyncSession, language: str) -> Sequence[Panel]:
        """A card."""
        _note("dashboard_cards", session=session, language=language)
        return [Panel("polite/panel.html", {"text": "polite dashboard"})]

    @hookimpl
    async def job_card_panels(
        self, session: AsyncSession, job_id: UUID, language: str
    ) -> Sequence[Panel]:
        """A block."""
        _note("job_card_panels", session=session, job_id=job_id, language=language)
        return [Panel("polite/panel.html", {"text": "polite panel"}, place="main")]

    @hookimpl
    async def job_sheet_panels(
        self, session: AsyncSession, job_id: UUID, language: str
    ) -> Sequence[Panel]:
        """A block on the sheet."""
        _note("job_sheet_panels", session=session, job_id=job_id, language=language)
        return [Panel("polite/panel.html", {"text": "polite sheet"}, place="main")]

    @hookimpl(optionalhook=True)
    async def vehicle_presence_board_panels(
        self, session: AsyncSession, reading: Reading, job_ids: Sequence[UUID], language: str
    ) -> Sequence[Panel]:
        """A block on another plugin's board."""
        values = {"session": session, "reading": reading, "job_ids": job_ids, "language": language}
        _note("vehicle_presence_board_panels", **values)
        return [Panel("polite/panel.html", {"text": "polite board"})]

    @hookimpl(optionalhook=True)
    async def vehicle_presence_board_columns(
        self, session: AsyncSession, reading: Reading, job_ids: Sequence[UUID], language: str
    ) -> Sequence[Column]:
        """A column of another plugin's board."""
        values = {"session": session, "reading": reading, "job_ids": job_ids, "language": language}
        _note("vehicle_presence_board_columns", **values)
        return [Column("Polite column", {each: [Badge("polite cell")] for each in job_ids})]

    @hookimpl
    async def job_badges(
        self, session: AsyncSession, reading: Reading, job_ids: Sequence[UUID], language: str
    ) -> Mapping[UUID, Sequence[Badge]]:
        """A mark on every row."""
        values = {"session": session, "reading": reading, "job_ids": job_ids, "language": language}
        _note("job_badges", **values)
        return {job_id: [Badge("polite badge")] for job_id in job_ids}

    @hookimpl
    async def job_timeline(
        self, session: AsyncSession, job_id: UUID, language: str
    ) -> Sequence[TimelineEntry]:
        """A line."""
        _note("job_timeline", session=session, job_id=job_id, language=language)
        return [TimelineEntry(datetime(2026, 1, 1, tzinfo=UTC), "polite line")]

    @hookimpl
    def audit_labels(self, language: str) -> Mapping[str, str]:
        """A word for its one action."""
        _note("audit_labels", language=language)
        return {"polite.bowed": "Bowed politely"}

    @hookimpl
    async def job_created(self, session: AsyncSession, job_id: UUID) -> None:
        """Noted."""
        _note("job_created", session=session, job_id=job_id)

    @hookimpl
    async def job_status_changed(
        self, session: AsyncSession, job_id: UUID, before: str, after: str
    ) -> None:
        """Noted."""
        _note("job_status_changed", session=session, job_id=job_id, before=before, after=after)

    @hookimpl
    async def job_location_changed(
        self, session: AsyncSession, job_id: UUID, before: UUID, after: UUID
    ) -> None:
        """Noted."""
        _note("job_location_changed", session=session, job_id=job_id, before=before, after=after)

    @hookimpl
    async def task_finished(self, session: AsyncSession, job_id: UUID, task_key: str) -> None:
        """Noted."""
        _note("task_finished", session=session, job_id=job_id, task_key=task_key)

    @hookimpl
    async def photo_added(self, session: AsyncSession, job_id: UUID, photo_id: UUID) -> None:
        """Noted."""
        _note("photo_added", session=session, job_id=job_id, photo_id=photo_id)

    @hookimpl
    async def appointment_booked(
        self, session: AsyncSession, appointment_id: UUID, tell_customer: bool
    ) -> None:
        """Noted."""
        _note(
            "appointment_booked",
            session=session,
            appointment_id=appointment_id,
            tell_customer=tell_customer,
        )

    @hookimpl
    async def appointment_moved(
        self,
        session: AsyncSession,
        appointment_id: UUID,
        before: datetime,
        by: str,
        tell_customer: bool,
    ) -> None:
        """Noted."""
        _note(
            "appointment_moved",
            session=session,
            appointment_id=appointment_id,
            before=before,
            by=by,
            tell_customer=tell_customer,
        )

    @hookimpl
    async def appointment_cancelled(
        self, session: AsyncSession, appointment_id: UUID, tell_customer: bool
    ) -> None:
        """Noted."""
        _note(
            "appointment_cancelled",
            session=session,
            appointment_id=appointment_id,
            tell_customer=tell_customer,
        )

    @hookimpl
    async def appointment_notice(self, session: AsyncSession, job_id: UUID) -> str:
        """Noted, and by carrier pigeon."""
        _note("appointment_notice", session=session, job_id=job_id)
        return "a carrier pigeon"

    @hookimpl
    async def vehicle_arrived(self, session: AsyncSession, job_id: UUID, at: datetime) -> None:
        """Noted."""
        _note("vehicle_arrived", session=session, job_id=job_id, at=at)

    @hookimpl
    async def vehicle_is_here(self, session: AsyncSession, job_id: UUID) -> None:
        """Noted."""
        _note("vehicle_is_here", session=session, job_id=job_id)

    @hookimpl
    async def vehicle_left(self, session: AsyncSession, job_id: UUID, at: datetime) -> None:
        """Noted."""
        _note("vehicle_left", session=session, job_id=job_id, at=at)

    @hookimpl
    async def vehicles_left(self, session: AsyncSession, vehicles: Sequence[VehicleMoment]) -> None:
        """Noted, with a row of each; refused where one's keys are still here."""
        _note("vehicles_left", session=session, vehicles=list(vehicles))
        session.add_all(Note(text=f"left:{each.job_id}") for each in vehicles)
        if any(each.job_id in keys_here for each in vehicles):
            raise Refused("Its keys are still here.")

    @hookimpl
    async def vehicle_forgotten(self, session: AsyncSession, job_id: UUID, since: datetime) -> None:
        """Noted."""
        _note("vehicle_forgotten", session=session, job_id=job_id, since=since)

    @hookimpl
    async def vehicles_forgotten(
        self, session: AsyncSession, vehicles: Sequence[VehicleMoment]
    ) -> None:
        """Noted; refused where one's keys are still here."""
        _note("vehicles_forgotten", session=session, vehicles=list(vehicles))
        if any(each.job_id in keys_here for each in vehicles):
            raise Refused("Its keys are still here.")

    @hookimpl
    async def vehicle_arrivals_undone(
        self, session: AsyncSession, vehicles: Sequence[VehicleMoment]
    ) -> None:
        """Noted."""
        _note("vehicle_arrivals_undone", session=session, vehicles=list(vehicles))

    @hookimpl
    async def vehicle_departures_undone(
        self, session: AsyncSession, vehicles: Sequence[VehicleMoment]
    ) -> None:
        """Noted."""
        _note("vehicle_departures_undone", session=session, vehicles=list(vehicles))

    @hookimpl
    async def vehicle_times_changed(
        self, session: AsyncSession, vehicles: Sequence[VehicleTimesChanged]
    ) -> None:
        """Noted."""
        _note("vehicle_times_changed", session=session, vehicles=list(vehicles))

    @hookimpl
    async def vehicle_handed_over(
        self, session: AsyncSession, vehicles: Sequence[VehicleHandedOver]
    ) -> None:
        """Noted."""
        _note("vehicle_handed_over", session=session, vehicles=list(vehicles))

    @hookimpl
    def cleanup_rules(self) -> Sequence[CleanupRule]:
        """One rule, and it may act by itself."""
        _note("cleanup_rules")
        return RULES

    @hookimpl
    async def plugin_enabled(self, session: AsyncSession, tenant: TenantContext) -> None:
        """Noted, with a row."""
        calls.append(("plugin_enabled", tenant.slug, {}))
        session.add(Note(text="enabled"))

    @hookimpl
    async def plugin_disabled(self, session: AsyncSession, tenant: TenantContext) -> None:
        """Noted, with a row."""
        calls.append(("plugin_disabled", tenant.slug, {}))
        session.add(Note(text="disabled"))

    @hookimpl
    async def personal_data_export(
        self, session: AsyncSession, customer_id: UUID
    ) -> Mapping[str, Any]:
        """The notes."""
        _note("personal_data_export", session=session, customer_id=customer_id)
        return {"notes": [note.text for note in await session.scalars(select(Note))]}

    @hookimpl
    async def personal_data_erase(self, session: AsyncSession, customer_id: UUID) -> None:
        """Noted."""
        _note("personal_data_erase", session=session, customer_id=customer_id)

    @hookimpl
    async def demo_data(self, session: AsyncSession, tenant: TenantContext) -> None:
        """Noted."""
        _note("demo_data", session=session)


def _note(hook: str, **arguments: Any) -> None:
    calls.append((hook, current_tenant().slug, arguments))


plugin = Polite()
