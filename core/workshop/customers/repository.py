"""Every query about customers."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.workshop.customers.models import Customer


async def by_id(session: AsyncSession, customer_id: UUID) -> Customer:
    """The customer with that id.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(select(Customer).where(Customer.id == customer_id))
    if found is None:
        raise NotFound("customer")
    return found


async def by_email_and_name(session: AsyncSession, email: str, name: str) -> Customer | None:
    """The customer with exactly this address and name, in any typing of case."""
    return await session.scalar(
        select(Customer)
        .where(
            Customer.email == email.strip().lower(),
            func.lower(Customer.name) == func.lower(name.strip()),
        )
        .order_by(Customer.id)
        .limit(1)
    )
