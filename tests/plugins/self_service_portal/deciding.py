"""What tests about the owner's decisions share: saving them, and asking for an estimate."""

from typing import Any

import httpx
from bs4 import BeautifulSoup
from sqlalchemy import select

from plugins.self_service_portal.look import Look, Texts
from plugins.self_service_portal.look_services import change_look, look_of, revision_of
from plugins.self_service_portal.models import Draft
from tests.factories import first_slot
from tests.garages import STAFF, Browser, Garage

DESK = "/desk/portal"
ANSWERS: dict[str, dict[str, Any]] = {
    "vehicle": {"plate": "1-ABC-123", "country": "BE"},
    "damage": {"damage": "Scratched at a post", "zones": []},
    "photos": {},
    "contact": {"name": "Jan Peeters", "email": "jan@customer.test", "phone": ""},
}


async def fields_of(owner: Browser) -> dict[str, Any]:
    """What the form of the desk page would send as it is shown."""
    form = (await owner.open(DESK)).select_one("#look-form")
    assert form is not None
    return filled(form.find_parent("body") or form)


def filled(page: Any) -> dict[str, Any]:
    """Field → value of all that belongs to the big form of that page."""
    found: dict[str, Any] = {}
    for field in page.select("#look-form [name], [form=look-form][name]"):
        if field.name == "textarea":
            found[field["name"]] = field.text.lstrip("\r\n")
        elif field.name == "select":
            chosen = field.select_one("option[selected]") or field.select_one("option")
            found[field["name"]] = chosen["value"]
        elif field.name == "input" and field.get("type") == "checkbox":
            found |= {field["name"]: "y"} if field.has_attr("checked") else {}
        elif field.name == "input":
            found[field["name"]] = field.get("value", "")
    return found


async def save(owner: Browser, **changes: Any) -> httpx.Response:
    """Change some fields of the form as it is, and press *Save*. None unticks a box."""
    fields = {**await fields_of(owner), **changes}
    fields = {name: value for name, value in fields.items() if value is not None}
    return await owner.submit(DESK, fields)


async def decide(garage: Garage, **decisions: Any) -> Look:
    """The owner's decisions, stored without the page."""
    async with garage.unit() as session:
        look = (await look_of(session)).model_copy(update=decisions)
        await change_look(session, look, await revision_of(session), STAFF)
    return look


def texts(language: str = "en", **words: str) -> dict[str, Texts]:
    """Words in one language."""
    return {language: Texts(**words)}


async def look_in(garage: Garage) -> Look:
    """What is stored now."""
    async with garage.unit() as session:
        return await look_of(session)


async def reach(browser: Browser, garage: Garage, step: str, **vehicle: str) -> None:
    """Answer the first question, with `vehicle` as more answers, and have all others before
    `step` answered."""
    sent = await answer(browser, "vehicle", **vehicle)
    assert sent.status_code == 200, sent.text[:500]
    async with garage.unit() as session:
        draft = (await session.scalars(select(Draft).order_by(Draft.id.desc()).limit(1))).one()
        others = {**ANSWERS, "time": {"slot": (await first_slot(session)).isoformat()}}
        for each in ("damage", "photos", "time"):
            if each == step:
                return
            draft.answers = {**draft.answers, each: others[each]}


async def answer(browser: Browser, step: str, **more: Any) -> httpx.Response:
    """Answer a question, with what it hides in its form."""
    address = f"/en/estimate/{step}"
    page = await browser.open(address)
    hidden = {str(each["name"]): str(each["value"]) for each in page.select("[type=hidden]")}
    return await browser.submit(address, {**hidden, **ANSWERS[step], **more})


def soup(answer_: httpx.Response) -> BeautifulSoup:
    """The page that came."""
    return BeautifulSoup(answer_.text, "html.parser")
