"""How the house looks garages up; who keeps them is not its business."""

from typing import Protocol
from uuid import UUID

from core.tenancy.context import TenantContext


class TenantDirectory(Protocol):
    """Looks garages up by exact host name, by id or by name. Closed ones do not exist."""

    async def by_host(self, host: str) -> TenantContext | None:
        """The garage at a host (lower case, without port), or None."""
        ...

    async def by_id(self, tenant_id: UUID) -> TenantContext | None:
        """The garage with that id, or None."""
        ...

    async def by_slug(self, slug: str) -> TenantContext | None:
        """The garage with that subdomain, or None."""
        ...

    async def note_activity(self, tenant_id: UUID) -> None:
        """Somebody of the garage is at work; kept for support, to the nearest minutes."""
        ...

    async def open_ids(self) -> list[UUID]:
        """The ids of all open garages, for fan-out."""
        ...
