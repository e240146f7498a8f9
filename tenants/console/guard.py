"""The console's first guard: who may see a page at all."""

from litestar.handlers import BaseRouteHandler

from core.errors import NotAllowed
from core.web.resources import AnyConnection
from core.web.viewer import LoginNeeded
from tenants.console.language import speak
from tenants.console.members import load_member
from tenants.support_staff import LEAD

PUBLIC = {"public": True}
"""`opt` of what is shown to people who are not logged in."""
LEAD_ONLY = {"lead_only": True}
"""`opt` of what only a support lead may do."""


async def member_guard(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Look the person up, speak their language, and let them in where they may go.

    Raises:
        LoginNeeded: nobody is logged in, and the page is not public.
        NotAllowed: only a support lead may do this.
    """
    member = await load_member(connection)
    speak(connection)
    if handler.opt.get("public"):
        return
    if member is None:
        raise LoginNeeded("log in first")
    if handler.opt.get("lead_only") and member.role != LEAD:
        raise NotAllowed("a support lead's task")
