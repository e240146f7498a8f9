"""Knowing a customer when they come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.audit.services import Actor, record
from core.workshop.customers import repository
from core.workshop.customers.models import Customer
from core.workshop.customers.vat_numbers import normalise_vat_number

EDITABLE = ("name", "email", "phone", "language", "street", "postal_code", "city", "vat_number")


@dataclass(frozen=True, slots=True)
class Contact:
    """How a person can be reached, as they typed it."""

    name: str
    language: str
    email: str | None = None
    phone: str | None = None
    vat_number: str | None = None


async def find_or_add(session: AsyncSession, contact: Contact) -> Customer:
    """The customer with the same address and name, else a new one.

    An address alone is not enough: families and firms share one. A phone number or language
    that is newer wins; nothing is ever emptied.
    """
    email = contact.email.strip().lower() if contact.email else None
    known = await repository.by_email_and_name(session, email, contact.name) if email else None
    if known is None:
        known = Customer(
            name=contact.name.strip(),
            email=email,
            phone=contact.phone,
            language=contact.language,
            vat_number=contact.vat_number,
        )
        session.add(known)
    else:
        known.phone = contact.phone or known.phone
        known.language = contact.language
        known.vat_number = contact.vat_number or known.vat_number
    await session.flush()
    return known


async def change_details(
    session: AsyncSession, customer_id: UUID, values: Mapping[str, str], actor: Actor
) -> Customer:
    """Save how a customer is called and reached; an empty text empties the field.

    The log says which fields changed and not what was in them: it outlives an erasure.

    Raises:
        NotFound: not here.
        InvalidVatNumber: as it says.
    """
    customer = await repository.by_id(session, customer_id)
    wanted: dict[str, str | None] = {name: values[name].strip() or None for name in EDITABLE}
    if wanted["email"]:
        wanted["email"] = wanted["email"].lower()
    if wanted["vat_number"]:
        wanted["vat_number"] = normalise_vat_number(wanted["vat_number"])
    changed = [name for name, value in wanted.items() if getattr(customer, name) != value]
    for name in changed:
        setattr(customer, name, wanted[name])
    if changed:
        await session.flush()
        details = {"fields": changed}
        record(session, actor, "customer.changed", f"customer:{customer_id}", details=details)
    return customer
