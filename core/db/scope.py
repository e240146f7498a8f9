"""Which garage the running task works for, as an id: the lowest layer that must know."""

from contextvars import ContextVar
from uuid import UUID

from core.errors import UnscopedQuery

SCOPE_SETTING = "app.tenant"
"""The setting of a transaction by which row level security knows the garage."""

tenant_id_in_scope: ContextVar[UUID | None] = ContextVar("tenant_id_in_scope", default=None)


def scoped_tenant_id() -> UUID:
    """The garage in scope.

    Raises:
        UnscopedQuery: none is set. There is never a default garage.
    """
    tenant_id = tenant_id_in_scope.get()
    if tenant_id is None:
        raise UnscopedQuery("no garage in scope")
    return tenant_id
