"""How commands of plugins reach garages, without knowing how the process is put together."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import GaragistError

Work = Callable[[AsyncSession], Awaitable[Any]]


class Console(Protocol):
    """What the command line offers to commands of plugins."""

    def in_garages(
        self, plugin: str, slug: str | None, work: Work, *, once_on: bool = False
    ) -> list[tuple[str, Any]]:
        """Run `work` in a unit of work of the named garage, or of every garage where `plugin`
        is on; returns (subdomain, result) pairs. With `once_on` also where it is off and was on
        before: for a duty that the data has, whatever the switch says. Work that answers
        :class:`~core.hooks.contributions.Again` is called again, in a unit of work of its own.

        Raises:
            GaragistError: there is no such garage, or the plugin is off there.
        """
        ...


_installed: list[Console] = []


def install_console(console: Console) -> None:
    """Make `console` the one that :func:`console` answers in this process."""
    _installed[:] = [console]


def console() -> Console:
    """The console of this process.

    Raises:
        GaragistError: this is not the command line.
    """
    if not _installed:
        raise GaragistError("only the command line has a console")
    return _installed[0]
