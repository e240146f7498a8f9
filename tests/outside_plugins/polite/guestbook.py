"""A form of an outside plugin that anybody can reach: with a trap, and a puzzle near its limit."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession
from wtforms import StringField
from wtforms.validators import InputRequired

from core.errors import Refused
from core.web.client_address import client_address
from core.web.forms import attempt, form_values
from core.web.puzzles import Watched, offer_puzzle, require_answer
from core.web.rendering import Page, page, redirect
from core.web.resources import resources_of, tenant_of
from core.web.traps import PublicForm
from tests.outside_plugins.polite.models import Note

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
PER_ADDRESS = "6/hour"


class GuestForm(PublicForm):
    """A line in the book."""

    line = StringField("Your line", [InputRequired()])


class BookIsFull(Refused):
    """One address wrote enough."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("The book is full.")


def limit_of(request: AnyRequest) -> Watched:
    """How much one address may write."""
    return Watched(PER_ADDRESS, ("polite", str(tenant_of(request).id), client_address(request)))


@get("/polite/book", opt={"public": True})
async def book(request: AnyRequest) -> Page:
    """An empty line."""
    await offer_puzzle(request, limit_of(request))
    return page(request, "polite/book.html", form=GuestForm())


@post("/polite/book", opt={"public": True})
async def write(request: AnyRequest, session: Session) -> Page | Redirect:
    """A line is kept."""
    values = await form_values(request)
    form = GuestForm(values)
    if form.validate():
        async with attempt(session, form):
            await require_answer(request, values, limit_of(request))
            limit = limit_of(request)
            if not await resources_of(request).limiter.allows(limit.limit, *limit.key):
                raise BookIsFull
            session.add(Note(text=form.text("line")))
            await session.flush()
        if not form.has_errors:
            return redirect(request, "/polite/book")
    return page(request, "polite/book.html", form=form, status_code=422)


HANDLERS = [book, write]
