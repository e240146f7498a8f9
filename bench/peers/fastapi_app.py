"""FastAPI with SQLAlchemy on asyncpg, once with the ORM and once with Core."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from bench.peers import statements
from bench.peers.facts import DATABASE_URL, tenant_of_host

engine = create_async_engine(
    DATABASE_URL.replace("postgresql://", "postgresql+asyncpg://"), pool_size=16, max_overflow=0
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
app = FastAPI()


class Card(BaseModel):
    """A vehicle on site."""

    stay_id: str
    job_id: str
    job_number: int
    plate: str
    plate_country: str
    customer: str
    make: str | None
    model: str | None
    colour: str | None
    status: str
    task: str | None
    estimated_completion: date | None
    arrived_at: datetime
    days_inside: int
    band: str


class Cards(BaseModel):
    """A page of cards."""

    cards: list[Card]
    next: str | None


async def session_of(request: Request) -> AsyncIterator[AsyncSession]:
    """A transaction of the garage."""
    tenant = tenant_of_host(request.headers["host"])
    async with sessions() as session, session.begin():
        await session.execute(text(statements.TENANT), {"tenant": str(tenant)})
        yield session


InGarage = Annotated[AsyncSession, Depends(session_of)]


async def _orm(request: Request, session: AsyncSession) -> dict[str, Any]:
    found = await session.scalars(statements.orm(tenant_of_host(request.headers["host"])))
    return statements.orm_page(found.all())


@app.get("/cards.json")
async def cards(request: Request, session: InGarage) -> Cards:
    """With the ORM."""
    return Cards.model_validate(await _orm(request, session))


@app.get("/core/cards.json")
async def core_cards(request: Request, session: InGarage) -> Cards:
    """With Core."""
    found = await session.execute(statements.core(tenant_of_host(request.headers["host"])))
    return Cards.model_validate(statements.core_page(found.all()))


@app.get("/board.html", response_class=HTMLResponse)
async def board(request: Request, session: InGarage) -> Any:
    """As a page."""
    return templates.TemplateResponse(request, "board.html", await _orm(request, session))
