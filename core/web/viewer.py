"""Who is looking: the staff member (or support acting inside the garage) behind the cookie."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from litestar.handlers import BaseRouteHandler

from core.clock import now
from core.errors import NotAllowed
from core.web import cookies
from core.web.resources import AnyConnection, resources_of, tenant_of
from core.workshop.audit.services import Actor
from core.workshop.staff import repository
from core.workshop.staff.permissions import SUPPORT_MAY_NOT, permissions_of
from core.workshop.staff.services import token_hash

READING = "reading"
"""Where a request has the reading with which its login was looked up."""


class LoginNeeded(NotAllowed):
    """Nobody is logged in, or the session has expired."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A logged-in person, with what they may do here."""

    name: str
    role: str
    language: str
    permissions: frozenset[str]
    staff_id: UUID | None = None
    support_reason: str | None = None

    @property
    def is_support_acting(self) -> bool:
        """Whether this is the vendor's support inside the garage."""
        return self.staff_id is None

    @property
    def actor(self) -> Actor:
        """How this person appears in the audit log."""
        kind: Literal["support", "staff"] = "support" if self.is_support_acting else "staff"
        return Actor(kind, self.name, self.staff_id)

    def may(self, permission: str) -> bool:
        """Whether the person's role covers `permission`."""
        return permission in self.permissions


async def load_viewer(connection: AnyConnection) -> Viewer | None:
    """The person behind the session cookie, looked up once per request."""
    state = connection.scope["state"]
    if "viewer" not in state:
        state["viewer"] = await find_viewer(connection)
    viewer: Viewer | None = state["viewer"]
    return viewer


def viewer_of(connection: AnyConnection) -> Viewer | None:
    """The person, if a guard has already looked them up."""
    viewer: Viewer | None = connection.scope["state"].get("viewer")
    return viewer


async def find_viewer(connection: AnyConnection) -> Viewer | None:
    """The person behind the session cookie as it is now; :func:`load_viewer` remembers."""
    resources = resources_of(connection)
    tenant = tenant_of(connection)
    token = connection.cookies.get(cookies.cookie_name(resources.settings, cookies.SESSION))
    if not token:
        return None
    reading = resources.database.reading(tenant.id)
    connection.scope["state"][READING] = reading
    found = await repository.logged_in(reading, token_hash(token), now())
    if found is None:
        return None
    if found["staff_id"] is None:
        rights = permissions_of("owner", resources.hooks, tenant.active_plugins)
        return Viewer(
            name=found["support_name"] or "Support",
            role="support",
            language=tenant.default_language,
            permissions=rights - SUPPORT_MAY_NOT,
            support_reason=found["support_reason"],
        )
    if not found["is_active"]:
        return None
    await resources.directory.note_activity(tenant.id)
    return Viewer(
        name=found["name"],
        role=found["role"],
        language=found["language"],
        permissions=permissions_of(found["role"], resources.hooks, tenant.active_plugins),
        staff_id=found["staff_id"],
    )


@dataclass(frozen=True, slots=True)
class StaffGuard:
    """Stands before a staff page: logged in, and allowed `permission` where one is named."""

    permission: str | None = None

    async def __call__(self, connection: AnyConnection, _handler: BaseRouteHandler) -> None:
        """Let the person through.

        Raises:
            LoginNeeded: nobody is logged in.
            NotAllowed: the person's role does not cover it.
        """
        viewer = await load_viewer(connection)
        if viewer is None:
            raise LoginNeeded("log in first")
        if self.permission is not None and not viewer.may(self.permission):
            raise NotAllowed(self.permission)


def requires(permission: str | None = None) -> StaffGuard:
    """The guard of a staff page; its permission can be read off the route table."""
    return StaffGuard(permission)
