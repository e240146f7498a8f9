"""Knowing a customer when they come back."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.customers import repository
from core.workshop.customers.models import Customer


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
