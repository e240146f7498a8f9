"""Every hook that a plugin can implement: the table of contents of the plugin system.

Hooks that are asked once, at start, know no garage: what they return is gated later by the
plugin's name. All others are only ever called for a garage where the plugin is on. A hook may
be a plain function or a coroutine function unless its sentence says otherwise; one that fails
costs its own contribution and nothing else. Hooks that are handed a session run in a savepoint,
and must not commit.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import typer
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.reading import Reading
from core.hooks.contributions import (
    Badge,
    CleanupRule,
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
from core.hooks.markers import hookspec
from core.tenancy.context import TenantContext

# --- asked once, at start (plain functions) -------------------------------------------------


@hookspec
def routes() -> Sequence[ControllerRouterHandler]:  # type: ignore[empty-body]
    """Litestar controllers and handlers; the gate is put before each of them."""


@hookspec
def permissions() -> Sequence[Permission]:  # type: ignore[empty-body]
    """What roles may do in this plugin."""


@hookspec
def effects() -> Sequence[Effect]:  # type: ignore[empty-body]
    """Kinds of work that the plugin puts into the outbox."""


@hookspec
def scheduled_tasks() -> Sequence[ScheduledTask]:  # type: ignore[empty-body]
    """Recurring work, fanned out to each garage where the plugin is on."""


@hookspec
def mail_templates() -> Sequence[MailTemplate]:  # type: ignore[empty-body]
    """Mails that the plugin sends."""


@hookspec
def commands() -> typer.Typer | Sequence[typer.Typer]:  # type: ignore[empty-body]
    """A command group, or several: each appears as `garagist <group>`, its `info.name`."""


# --- pages ----------------------------------------------------------------------------------


@hookspec(firstresult=True)
def home_page(tenant: TenantContext, language: str) -> str | None:
    """The address that a visitor of the garage's bare host is sent to (plain function)."""


@hookspec
def navigation(tenant: TenantContext, language: str) -> Sequence[NavigationEntry]:  # type: ignore[empty-body]
    """Entries for the staff's and the portal's menus (plain function)."""


@hookspec
def public_pages(session: AsyncSession, language: str) -> Sequence[PublicPage]:  # type: ignore[empty-body]
    """Pages for `robots.txt` and `sitemap.xml`: all others are hidden from search engines."""


@hookspec
def dashboard_cards(session: AsyncSession, language: str) -> Sequence[Panel]:  # type: ignore[empty-body]
    """Cards on the staff's first page."""


@hookspec
def job_card_panels(session: AsyncSession, job_id: UUID, language: str) -> Sequence[Panel]:  # type: ignore[empty-body]
    """Blocks on the job card: header controls, main column or side column."""


@hookspec
def job_sheet_panels(session: AsyncSession, job_id: UUID, language: str) -> Sequence[Panel]:  # type: ignore[empty-body]
    """Blocks and codes on a job's printed sheet: beside its head, or below."""


@hookspec
def job_badges(  # type: ignore[empty-body]
    session: AsyncSession, reading: Reading, job_ids: Sequence[UUID], language: str
) -> Mapping[UUID, Sequence[Badge]]:
    """Marks on rows of job lists; called once per page with all of its jobs."""


@hookspec
def job_timeline(  # type: ignore[empty-body]
    session: AsyncSession, job_id: UUID, language: str
) -> Sequence[TimelineEntry]:
    """Dated lines for a job's timeline."""


@hookspec
def audit_labels(language: str) -> Mapping[str, str]:  # type: ignore[empty-body]
    """Words for the actions that the plugin writes into the garage's log (plain function)."""


# --- the shop's events ----------------------------------------------------------------------


@hookspec
def job_created(session: AsyncSession, job_id: UUID) -> None:
    """A job was opened, at the desk or by the customer."""


@hookspec
def job_status_changed(session: AsyncSession, job_id: UUID, before: str, after: str) -> None:
    """A job moved to another status."""


@hookspec
def job_location_changed(session: AsyncSession, job_id: UUID, before: UUID, after: UUID) -> None:
    """A job is to be done at another location."""


@hookspec
def task_finished(session: AsyncSession, job_id: UUID, task_key: str) -> None:
    """A step of a job was finished."""


@hookspec
def photo_added(session: AsyncSession, job_id: UUID, photo_id: UUID) -> None:
    """A photo was added to a job."""


@hookspec
def appointment_booked(session: AsyncSession, appointment_id: UUID, tell_customer: bool) -> None:
    """A customer or the desk took a slot."""


@hookspec
def appointment_moved(
    session: AsyncSession, appointment_id: UUID, before: datetime, by: str, tell_customer: bool
) -> None:
    """Somebody gave an appointment another time; that of `before` is free again."""


@hookspec
def appointment_cancelled(session: AsyncSession, appointment_id: UUID, tell_customer: bool) -> None:
    """A slot was given back."""


@hookspec
def appointment_notice(session: AsyncSession, job_id: UUID) -> str | None:
    """Where the customer of a job hears of it when staff book, move or cancel an appointment."""


@hookspec
def vehicle_arrived(session: AsyncSession, job_id: UUID, at: datetime) -> None:
    """A vehicle is physically on site."""


@hookspec
def vehicle_is_here(session: AsyncSession, job_id: UUID) -> bool | None:
    """Whether a job's vehicle is on site; None where the plugin has never seen it."""


@hookspec
def vehicle_left(session: AsyncSession, job_id: UUID, at: datetime) -> None:
    """A vehicle was collected; one at a time, for those that do not take `vehicles_left`."""


@hookspec
def vehicles_left(session: AsyncSession, vehicles: Sequence[VehicleMoment]) -> None:
    """Vehicles were collected, each at its moment: one by the clock, hundreds by the clean-up."""


@hookspec
def vehicle_forgotten(session: AsyncSession, job_id: UUID, since: datetime) -> None:
    """The clean-up asks a person about a vehicle that is marked in since `since`; one at a time,
    for those that do not take `vehicles_forgotten`."""


@hookspec
def vehicles_forgotten(session: AsyncSession, vehicles: Sequence[VehicleMoment]) -> None:
    """The clean-up asks a person about vehicles that are marked in since their moments."""


@hookspec
def vehicle_arrivals_undone(session: AsyncSession, vehicles: Sequence[VehicleMoment]) -> None:
    """Vehicles did not arrive at those moments: their check mark was a mistake."""


@hookspec
def vehicle_departures_undone(session: AsyncSession, vehicles: Sequence[VehicleMoment]) -> None:
    """Vehicles did not leave at those moments: they are in, as if nobody had noted it."""


@hookspec
def vehicle_times_changed(session: AsyncSession, vehicles: Sequence[VehicleTimesChanged]) -> None:
    """Vehicles came or left at other moments than was told before."""


@hookspec
def vehicle_handed_over(session: AsyncSession, vehicles: Sequence[VehicleHandedOver]) -> None:
    """Vehicles that are in for one job stay for another one: nothing came, and nothing left."""


@hookspec
def cleanup_rules() -> Sequence[CleanupRule]:  # type: ignore[empty-body]
    """Further reasons to think that a vehicle has left (plain function)."""


# --- the garage's life ----------------------------------------------------------------------


@hookspec
def plugin_enabled(session: AsyncSession, tenant: TenantContext) -> None:
    """Support just switched this plugin on; only the plugin concerned is called."""


@hookspec
def plugin_disabled(session: AsyncSession, tenant: TenantContext) -> None:
    """Support is about to switch this plugin off; its data stays."""


@hookspec
def personal_data_export(session: AsyncSession, customer_id: UUID) -> Mapping[str, Any]:  # type: ignore[empty-body]
    """What the plugin keeps about a customer, as plain values."""


@hookspec
def personal_data_erase(session: AsyncSession, customer_id: UUID) -> None:
    """Erase what the law does not oblige the garage to keep."""


@hookspec
def demo_data(session: AsyncSession, tenant: TenantContext) -> None:
    """Fill in believable data after the demo's jobs were made."""
