"""What the console's pages may ask for by name."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request
from litestar.di import Provide
from sqlalchemy.ext.asyncio import AsyncSession

from core.web.resources import AnyConnection, resources_of
from tenants.activation import Switching


async def provide_session(request: Request[Any, Any, Any]) -> AsyncIterator[AsyncSession]:
    """One transaction of the platform role per request; it connects when it is first used."""
    async with resources_of(request).database.platform_unit_of_work() as session:
        yield session


async def provide_switching(request: Request[Any, Any, Any]) -> Switching:
    """What the verbs that change a garage need."""
    return switching_of(request)


def switching_of(connection: AnyConnection) -> Switching:
    """The same, outside handlers."""
    switching: Switching = connection.app.state.switching
    return switching


DEPENDENCIES = {
    "session": Provide(provide_session),
    "switching": Provide(provide_switching),
}
