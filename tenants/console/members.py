"""Who is looking at the console: the member of the help desk behind the cookie."""

from typing import Any

from litestar import Request

from core.web import cookies
from core.web.resources import AnyConnection, resources_of
from core.web.viewer import LoginNeeded
from core.workshop.audit.services import Actor
from tenants.models import SupportMember
from tenants.support_staff import member_behind


async def load_member(connection: AnyConnection) -> SupportMember | None:
    """The person behind the session cookie, looked up once per request."""
    state = connection.scope["state"]
    if "member" not in state:
        token = session_cookie(connection)
        database = resources_of(connection).database
        state["member"] = await member_behind(database, token) if token else None
    member: SupportMember | None = state["member"]
    return member


def member_of(connection: AnyConnection) -> SupportMember | None:
    """The person, if the guard has already looked them up."""
    member: SupportMember | None = connection.scope["state"].get("member")
    return member


def actor_of(request: Request[Any, Any, Any]) -> Actor:
    """How the person appears in both audit logs; the guard has made sure that there is one."""
    member = member_of(request)
    if member is None:
        raise LoginNeeded("log in first")
    return Actor("support", member.name, member.id)


def session_cookie(connection: AnyConnection) -> str | None:
    """What the browser says that its session is."""
    name = cookies.cookie_name(resources_of(connection).settings, cookies.SESSION)
    return connection.cookies.get(name)
