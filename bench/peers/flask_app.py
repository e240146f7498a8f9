"""Flask with SQLAlchemy's ORM: a session per request, objects in a template."""

from pathlib import Path
from typing import Any

from flask import Flask, jsonify, render_template, request
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from bench.peers import statements
from bench.peers.facts import DATABASE_URL, tenant_of_host

engine = create_engine(
    DATABASE_URL.replace("postgresql://", "postgresql+psycopg://"), pool_size=16, max_overflow=0
)
app = Flask(__name__, template_folder=str(Path(__file__).parent / "templates"))


def _cards() -> dict[str, Any]:
    tenant = tenant_of_host(request.host)
    with Session(engine) as session:
        session.execute(text(statements.TENANT), {"tenant": str(tenant)})
        return statements.orm_page(session.scalars(statements.orm(tenant)).all())


@app.get("/cards.json")
def cards() -> Any:
    """As JSON."""
    found = _cards()
    for card in found["cards"]:  # Flask would write a date as HTTP does
        card["arrived_at"] = card["arrived_at"].isoformat()
        card["estimated_completion"] = card["estimated_completion"] and str(
            card["estimated_completion"]
        )
    return jsonify(found)


@app.get("/board.html")
def board() -> str:
    """As a page."""
    return render_template("board.html", **_cards())
