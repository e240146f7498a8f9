"""What controllers may ask for by name: a session of the garage, and the doors of the process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Request
from litestar.di import Provide
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.reading import Reading
from core.web.resources import AnyConnection, Resources, resources_of, tenant_of
from core.web.viewer import READING


async def provide_session(request: Request[Any, Any, Any]) -> AsyncIterator[AsyncSession]:
    """One transaction per request, committed after the page was rendered and before it is
    sent; rolled back where the handler or the page failed."""
    resources = resources_of(request)
    async with resources.database.unit_of_work(tenant_of(request).id) as session:
        yield session


async def provide_reading(request: Request[Any, Any, Any]) -> Reading:
    """The garage's data for a hot page that only reads. Looking up the login has told it already
    what changed, for what it keeps."""
    reading: Reading | None = request.scope["state"].get(READING)
    return reading or resources_of(request).database.reading(tenant_of(request).id)


@asynccontextmanager
async def session_for_guard(connection: AnyConnection) -> AsyncIterator[AsyncSession]:
    """A short transaction for a guard that must read something, as it is asked before the
    request's own is begun; and for a handler that needs one only sometimes, and therefore does not
    ask for a `session`."""
    async with resources_of(connection).database.unit_of_work(tenant_of(connection).id) as session:
        yield session


async def provide_resources(request: Request[Any, Any, Any]) -> Resources:
    """The doors of the process."""
    return resources_of(request)


DEPENDENCIES = {
    "session": Provide(provide_session),
    "reading": Provide(provide_reading),
    "resources": Provide(provide_resources),
}
