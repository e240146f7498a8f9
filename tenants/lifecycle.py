"""A garage's life: opened with all that it needs to start its first day, closed, and reopened."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from core.clock import now
from core.db.session import Database
from core.errors import NotFound, Refused, UnknownTenant
from core.i18n import LANGUAGES
from core.tenancy.context import TenantContext, tenant_scope
from core.workshop.audit.services import Actor
from core.workshop.customers.vat_numbers import normalise_vat_number
from core.workshop.jobs.flows import create_default_flows
from core.workshop.locations import repository as locations
from core.workshop.locations.services import create_location
from core.workshop.staff.services import invite
from tenants import repository
from tenants.directory import DatabaseTenantDirectory
from tenants.models import SupportAuditEntry, Tenant

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{1,38}[a-z0-9])")
RESERVED = frozenset(
    {"support", "mail", "www", "api", "admin", "static", "status", "app", "help", "smtp", "imap"}
)
OPENING_TAKES = timedelta(minutes=2)
"""Far longer than it really does: until then somebody may be about it."""

TIMEZONES = {
    "BE": "Europe/Brussels",
    "NL": "Europe/Amsterdam",
    "FR": "Europe/Paris",
    "LU": "Europe/Luxembourg",
    "DE": "Europe/Berlin",
}
"""Countries in which a garage can be opened, with the zone that all of it lives in."""


@dataclass(frozen=True, slots=True)
class NewGarage:
    """What is needed to open a garage. The owner is mailed an invitation."""

    slug: str
    name: str
    languages: tuple[str, ...]
    owner_name: str
    owner_email: str
    phone: str | None = None
    email: str | None = None
    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = "BE"
    brand_colour: str = "#0b5cab"
    vat_number: str | None = None

    @property
    def timezone(self) -> str:
        """The zone in which the country's people live."""
        return TIMEZONES[self.country]

    @property
    def address(self) -> str | None:
        """The address in one line, or None."""
        place = f"{self.postal_code} {self.city}".strip()
        return ", ".join(part for part in (self.street, place) if part) or None


class NeverOpened(Refused):
    """Whoever was opening the garage was interrupted: it has no place, no flows and no owner."""

    def __init__(self) -> None:
        super().__init__(
            "This garage was never opened completely: nothing is in it. Please open a new garage"
            " with the same subdomain."
        )


async def open_garage(
    database: Database, directory: DatabaseTenantDirectory, new: NewGarage, actor: Actor
) -> TenantContext:
    """Create the garage, its first location, its flows and its owner's invitation.

    The garage itself is stored first, closed; it opens once everything in it is there, and
    where that fails nothing of it is left. What somebody left behind who was killed in between
    gives its name up after :data:`OPENING_TAKES`.

    Raises:
        Refused: the subdomain has a wrong form, is reserved or taken, or no known language or
            country.
        InvalidVatNumber: there can be no such number.
    """
    _check(new)
    if new.vat_number:
        new = replace(new, vat_number=normalise_vat_number(new.vat_number, new.country))
    await _clear_away(database, new.slug)
    tenant = await _create_closed(database, new)
    try:
        await _furnish(database, tenant, new, actor)
    except Exception:
        async with database.platform_unit_of_work() as session:
            await repository.delete_garage(session, tenant.id)
        raise
    async with database.platform_unit_of_work() as session:
        stored = await repository.by_id(session, tenant.id)
        if stored is None:
            raise UnknownTenant(new.slug)
        stored.closed_at = None
        session.add(
            SupportAuditEntry(tenant_id=tenant.id, actor=actor.name, action="garage.opened")
        )
    await directory.forget()
    opened = await directory.by_slug(new.slug)
    if opened is None:
        raise UnknownTenant(new.slug)
    return opened


async def close_garage(
    database: Database,
    directory: DatabaseTenantDirectory,
    slug: str,
    actor: Actor,
    *,
    reason: str,
) -> None:
    """Close a garage: it answers to nobody, its data stays.

    Raises:
        UnknownTenant: there is no open garage of that name.
    """
    async with database.platform_unit_of_work() as session:
        tenant = await repository.by_slug(session, slug)
        if tenant is None or tenant.closed_at is not None:
            raise UnknownTenant(slug)
        tenant.closed_at = now()
        session.add(
            SupportAuditEntry(
                tenant_id=tenant.id, actor=actor.name, action="garage.closed", reason=reason
            )
        )
    await directory.forget()


async def reopen_garage(
    database: Database,
    directory: DatabaseTenantDirectory,
    slug: str,
    actor: Actor,
    *,
    reason: str,
) -> None:
    """Open a closed garage again, with all that it had. Open already, nothing happens.

    Raises:
        UnknownTenant: there is no garage of that name.
        NeverOpened: as it says.
    """
    async with database.platform_unit_of_work() as session:
        tenant = await repository.by_slug(session, slug)
        if tenant is None:
            raise UnknownTenant(slug)
        if tenant.closed_at is None:
            return
        if not await _is_furnished(database, tenant):
            raise NeverOpened
        tenant.closed_at = None
        session.add(
            SupportAuditEntry(
                tenant_id=tenant.id, actor=actor.name, action="garage.reopened", reason=reason
            )
        )
    await directory.forget()


def is_slug(text: str) -> bool:
    """Whether a text has the form of a subdomain."""
    return _SLUG.fullmatch(text) is not None


def _check(new: NewGarage) -> None:
    if not is_slug(new.slug):
        raise Refused(
            "A subdomain has 3 to 40 small letters, digits and dashes, such as garage-peeters.",
            field="slug",
        )
    if new.slug in RESERVED:
        raise Refused("This subdomain is kept for the platform itself.", field="slug")
    if new.country not in TIMEZONES:
        raise Refused("Garages cannot be opened in this country yet.", field="country")
    if not new.languages or not set(new.languages) <= set(LANGUAGES):
        raise Refused("Please choose at least one of the languages.", field="languages")


async def _furnish(database: Database, tenant: Tenant, new: NewGarage, actor: Actor) -> None:
    context = TenantContext(
        id=tenant.id, slug=new.slug, name=new.name, languages=new.languages, country=new.country
    )
    with tenant_scope(context):
        async with database.unit_of_work(tenant.id) as session:
            await create_location(
                session,
                name=new.name,
                street=new.street,
                postal_code=new.postal_code,
                city=new.city,
                country=new.country,
                timezone=new.timezone,
                phone=new.phone,
                email=new.email,
                vat_number=new.vat_number,
            )
            await create_default_flows(session)
            await invite(
                session,
                email=new.owner_email,
                name=new.owner_name,
                role="owner",
                language=new.languages[0],
                actor=actor,
            )


async def _is_furnished(database: Database, tenant: Tenant) -> bool:
    """Everything that a new garage needs is stored in one unit of work: a part stands for all."""
    async with database.unit_of_work(tenant.id) as session:
        try:
            await locations.first(session)
        except NotFound:
            return False
    return True


async def _clear_away(database: Database, slug: str) -> None:
    """Forget a garage of that name that is closed since it was stored and was never furnished."""
    async with database.platform_unit_of_work() as session:
        tenant = await repository.by_slug(session, slug, locked=True)
        if tenant is None or tenant.closed_at is None:
            return
        if tenant.closed_at < now() - OPENING_TAKES and not await _is_furnished(database, tenant):
            await repository.delete_garage(session, tenant.id)


async def _create_closed(database: Database, new: NewGarage) -> Tenant:
    tenant = Tenant(
        slug=new.slug,
        name=new.name,
        languages=list(new.languages),
        country=new.country,
        timezone=new.timezone,
        phone=new.phone,
        email=new.email,
        address=new.address,
        brand_colour=new.brand_colour,
        closed_at=now(),
    )
    try:
        async with database.platform_unit_of_work() as session:
            session.add(tenant)
            await session.flush()
    except IntegrityError:
        raise Refused("This subdomain is already taken.", field="slug") from None
    return tenant
