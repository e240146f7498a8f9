"""Vehicle presence as a plugin: everything that it adds to a garage, by hook."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import typer
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import (
    Badge,
    Effect,
    MailTemplate,
    NavigationEntry,
    Panel,
    Permission,
    ScheduledTask,
    TimelineEntry,
)
from core.hooks.manifest import PluginManifest
from core.hooks.markers import hookimpl
from core.i18n import gettext as _
from core.tenancy.context import TenantContext
from plugins.vehicle_presence import (
    absence_pages,
    arrival_pages,
    arrivals,
    board_pages,
    cards,
    check_in_pages,
    controllers,
    demo,
    departure_mails,
    hookspecs,
    panels,
    repository,
    several_pages,
    workshop_pages,
)
from plugins.vehicle_presence.cleanup import digest
from plugins.vehicle_presence.cleanup import pages as cleanup_pages
from plugins.vehicle_presence.cleanup.demo import clean_up_as_in_the_past
from plugins.vehicle_presence.cleanup.sweep import sweep_tonight
from plugins.vehicle_presence.commands import presence
from plugins.vehicle_presence.numbers import pages as numbers_pages
from plugins.vehicle_presence.settings import NAME, PresenceSettings, settings_of
from plugins.vehicle_presence.vat_book import controllers as vat_book_pages
from plugins.vehicle_presence.vat_book import panels as vat_book_panels
from plugins.vehicle_presence.vat_book import rights, stay_repository
from plugins.vehicle_presence.vat_book.closing import KEEP, keep_closing
from plugins.vehicle_presence.vat_book.commands import vat_book
from plugins.vehicle_presence.vat_book.demo import keep_book_as_in_the_past
from plugins.vehicle_presence.vat_book.mails import MAILS
from plugins.vehicle_presence.vat_book.services import open_books
from plugins.vehicle_presence.vat_book.tasks import tend
from plugins.vehicle_presence.vat_book.writing import TAKE_OVER, go_on_taking_over

DESK = ("owner", "planner", "technician")


class VehiclePresence:
    """The plugin object that pluggy registers."""

    hookspecs = hookspecs
    manifest = PluginManifest(
        name=NAME,
        version="1.0.0",
        label={
            "en": "Vehicle presence",
            "nl": "Voertuigen op de site",
            "fr": "Véhicules sur place",
            "de": "Fahrzeuge vor Ort",
        },
        summary={
            "en": "Vehicle in, off-site clock, on-site board and the clean-up of forgotten ones.",
            "nl": "Voertuig binnen, klok bij vertrek, overzicht en opruiming van vergeten wagens.",
            "fr": "Véhicule entré, horloge de sortie, tableau et nettoyage des oubliés.",
            "de": "Fahrzeug da, Uhr bei Abholung, Übersicht und Aufräumen vergessener Wagen.",
        },
        package="plugins.vehicle_presence",
        settings=PresenceSettings,
        personal_data={
            "en": "Plates of vehicles with the times at which they came and went; the VAT book with"
            " VAT numbers of clients, which the law does not let anybody erase.",
            "nl": "Nummerplaten van voertuigen met de tijdstippen waarop ze kwamen en vertrokken;"
            " het btw-boek met btw-nummers van klanten, dat wettelijk niet gewist mag worden.",
            "fr": "Plaques des véhicules avec les heures d'entrée et de sortie ; le registre TVA"
            " avec les numéros de TVA des clients, que la loi interdit d'effacer.",
            "de": "Kennzeichen der Fahrzeuge mit den Zeiten, zu denen sie kamen und gingen; das"
            " MwSt.-Buch mit MwSt.-Nummern der Kunden, das niemand löschen darf.",
        },
    )

    @hookimpl
    def routes(self) -> Sequence[ControllerRouterHandler]:
        """The board, the check mark and the clock; check-in and absences; the clean-up; the
        numbers; the VAT book."""
        return [
            *controllers.HANDLERS,
            *arrival_pages.HANDLERS,
            *board_pages.HANDLERS,
            *several_pages.HANDLERS,
            *workshop_pages.HANDLERS,
            *cards.HANDLERS,
            *check_in_pages.HANDLERS,
            *absence_pages.HANDLERS,
            *cleanup_pages.HANDLERS,
            *numbers_pages.HANDLERS,
            *vat_book_pages.HANDLERS,
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        """Seeing the board, marking vehicles in and off site, and keeping the VAT book."""
        return [
            Permission(
                controllers.VIEW,
                {
                    "en": "See which vehicles are on site",
                    "nl": "Zien welke voertuigen op de site staan",
                    "fr": "Voir quels véhicules sont sur place",
                    "de": "Sehen, welche Fahrzeuge vor Ort sind",
                },
                DESK,
            ),
            Permission(
                controllers.MARK,
                {
                    "en": "Mark vehicles in and off site",
                    "nl": "Aankomst en vertrek van voertuigen noteren",
                    "fr": "Noter l'entrée et la sortie des véhicules",
                    "de": "Ankunft und Abholung von Fahrzeugen festhalten",
                },
                DESK,
            ),
            Permission(
                cleanup_pages.RULES,
                {
                    "en": "Change the rules of the clean-up",
                    "nl": "De regels van de opruiming wijzigen",
                    "fr": "Modifier les règles du nettoyage",
                    "de": "Die Regeln des Aufräumens ändern",
                },
                ("owner",),
            ),
            Permission(
                numbers_pages.NUMBERS,
                {
                    "en": "See the numbers about vehicles on site",
                    "nl": "De cijfers over voertuigen op de site zien",
                    "fr": "Voir les chiffres des véhicules sur place",
                    "de": "Die Zahlen zu Fahrzeugen vor Ort sehen",
                },
                ("owner", "planner"),
            ),
            Permission(
                rights.READ,
                {
                    "en": "Read the VAT book, and take it along as a file",
                    "nl": "Het btw-boek lezen en als bestand meenemen",
                    "fr": "Lire le registre TVA et l'emporter en fichier",
                    "de": "Das MwSt.-Buch lesen und als Datei mitnehmen",
                },
                ("owner", "planner", "accountant"),
            ),
            Permission(
                rights.SETTLE,
                {
                    "en": "Note invoice references in the VAT book",
                    "nl": "Factuurreferenties in het btw-boek noteren",
                    "fr": "Noter les références de facture dans le registre TVA",
                    "de": "Rechnungsnummern im MwSt.-Buch eintragen",
                },
                ("owner", "planner", "accountant"),
            ),
            Permission(
                rights.CORRECT,
                {
                    "en": "Correct the VAT book, with a reason",
                    "nl": "Het btw-boek verbeteren, met een reden",
                    "fr": "Corriger le registre TVA, avec un motif",
                    "de": "Das MwSt.-Buch berichtigen, mit Begründung",
                },
                ("owner", "accountant"),
            ),
        ]

    @hookimpl
    def navigation(self) -> Sequence[NavigationEntry]:
        """*On site* and *VAT book* in the staff's menu."""
        return [
            NavigationEntry(
                _("On site"), "/desk/on-site", "car", position=30, permission=controllers.VIEW
            ),
            NavigationEntry(
                _("VAT book"),
                "/desk/vat-book",
                "book",
                position=35,
                permission=rights.READ,
            ),
        ]

    @hookimpl
    async def vehicle_is_here(self, session: AsyncSession, job_id: UUID) -> bool | None:
        """What *Vehicle in* says; nothing where it was never checked."""
        stay = await repository.latest_stay(session, job_id)
        return None if stay is None else stay.left_at is None

    @hookimpl
    async def job_card_panels(self, session: AsyncSession, job_id: UUID) -> Sequence[Panel]:
        """The check mark and the clock."""
        return await panels.job_panels(session, job_id)

    @hookimpl
    def job_sheet_panels(self, job_id: UUID) -> Sequence[Panel]:
        """The code that a phone reads when the vehicle comes and goes."""
        return panels.sheet_panels(job_id)

    @hookimpl
    async def job_badges(
        self, session: AsyncSession, job_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[Badge]]:
        """How long a vehicle has been in."""
        return await panels.badges(session, job_ids)

    @hookimpl
    async def job_timeline(self, session: AsyncSession, job_id: UUID) -> Sequence[TimelineEntry]:
        """Arrivals and departures."""
        return await panels.timeline(session, job_id)

    @hookimpl
    def audit_labels(self) -> Mapping[str, str]:
        """Arrivals, departures and what was taken back."""
        return {
            "presence.arrived": _("Vehicle in"),
            "presence.arrival_undone": _("“Vehicle in” taken back"),
            "presence.left": _("Vehicle off site"),
            "presence.undone": _("Off-site date taken back"),
            "presence.date_changed": _("Off-site date changed"),
            "presence.arrival_changed": _("Time of arrival changed"),
            "presence.handed_over": _("Vehicle stays for another job"),
            "presence.still_here": _("Vehicle is still here"),
            "presence.rule_changed": _("Rule of the clean-up changed"),
            "presence.checked_in": _("Check-in noted"),
            "presence.vehicle_out_for_a_while": _("Vehicle left for a while"),
            "presence.vehicle_back": _("Vehicle is back"),
            "presence.absence_undone": _("Absence taken back"),
            "presence.reasons_changed": _("Reasons for absences changed"),
            "vat_book.settled": _("Invoice noted in the VAT book"),
            "vat_book.corrected": _("VAT book corrected"),
            "vat_book.struck": _("Row of the VAT book struck"),
        }

    @hookimpl
    async def dashboard_cards(self, session: AsyncSession) -> Sequence[Panel]:
        """In and out today, and what waits in the VAT book."""
        return [*await panels.dashboard(session), *await vat_book_panels.dashboard(session)]

    @hookimpl
    def scheduled_tasks(self) -> Sequence[ScheduledTask]:
        """Every night on the garage's own clock: the clean-up at the garage's hour, and an hour
        later, when its exits are written, the VAT book."""
        return [
            ScheduledTask(f"{NAME}.sweep", sweep_tonight, local_hour=_sweep_hour),
            ScheduledTask(f"{NAME}.vat_book", tend, local_hour=_hour_after_sweep),
        ]

    @hookimpl
    def effects(self) -> Sequence[Effect]:
        """Putting the signed file of a closed month where the database cannot reach it; entering
        the rest of what was on site when a VAT book was opened."""
        return [Effect(KEEP, keep_closing), Effect(TAKE_OVER, go_on_taking_over)]

    @hookimpl
    def mail_templates(self) -> Sequence[MailTemplate]:
        """The vehicle has left; what the clean-up did in the night; a closed month, and invoices
        that are due."""
        return [*departure_mails.MAILS, digest.MAIL, *MAILS]

    @hookimpl
    def commands(self) -> Sequence[typer.Typer]:
        """`garagist presence` and `garagist vat-book`."""
        return [presence, vat_book]

    @hookimpl
    async def plugin_enabled(self, session: AsyncSession) -> None:
        """Open the VAT book of every location, with what is on site."""
        await open_books(session)

    @hookimpl
    async def job_location_changed(self, session: AsyncSession, job_id: UUID, after: UUID) -> None:
        """Not while its vehicle is in the VAT book of another one."""
        await arrivals.require_same_place(session, job_id, after)

    @hookimpl
    async def personal_data_export(
        self, session: AsyncSession, customer_id: UUID
    ) -> Mapping[str, Any]:
        """When the customer's vehicles came and went, and what the VAT book says of them."""
        stays = await repository.stays_of_customer(session, customer_id)
        about = await panels.within_stays(session, [stay.id for stay in stays])
        entries = await stay_repository.entries_of_stays(session, [stay.id for stay in stays])
        return {
            "stays": [
                {
                    "plate": stay.plate,
                    "arrived_at": stay.arrived_at.isoformat(),
                    "left_at": stay.left_at.isoformat() if stay.left_at else None,
                    **(about[stay.id]),
                }
                for stay in stays
            ],
            "vat_book": [
                {
                    "number": entry.number,
                    "day": entry.day.isoformat() if entry.day else None,
                    "plate": entry.plate,
                    "vin": entry.vin,
                    "vat_number": entry.vat_number,
                }
                for entry in entries
            ],
        }

    @hookimpl
    async def personal_data_erase(self, session: AsyncSession, customer_id: UUID) -> None:
        """What was written down beside the stays; the stays themselves name nobody."""
        await repository.erase_words_about(session, customer_id)

    @hookimpl
    async def demo_data(self, session: AsyncSession) -> None:
        """Stays for the demo's jobs, what the clean-up made of them, and a VAT book in use."""
        await demo.fill_in(session)
        await clean_up_as_in_the_past(session)
        await keep_book_as_in_the_past(session)


def _sweep_hour(tenant: TenantContext) -> int:
    return settings_of(tenant).sweep_hour


def _hour_after_sweep(tenant: TenantContext) -> int:
    return (_sweep_hour(tenant) + 1) % 24


plugin = VehiclePresence()
