"""Every page of the portal in the states that no flow comes by: without a barrier in every
language, light and dark: customers' on the smallest phone, the desk's on a phone of 360 px. And no
page is forgotten."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import jinja2
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser

from core.web.limits import Limiter
from tests.garages import Garage, Outbox
from tests.journeys.flows import LANGUAGES
from tests.journeys.people import NARROW, PHONE, REPORT_POLICY
from tests.journeys.states import afterwards, asking, bringing, desk, outside, talking
from tests.journeys.states.showing import HORIZON, STATES, Scene, State, Window
from tests.plugins.self_service_portal.waiting_people import rule

ROOT = Path(__file__).resolve().parents[2]
PORTAL = ROOT / "plugins" / "self_service_portal" / "templates"
CORE = ROOT / "core" / "web" / "templates"
ROOMS = (asking, afterwards, bringing, talking, outside, desk)
ROOFS = {"core/portal.html", "core/plain.html", "core/desk.html"}
BY_FLOWS = {
    "test_flows.py": {
        "estimate/check.html",
        "estimate/contact.html",
        "estimate/damage.html",
        "estimate/done.html",
        "estimate/photos.html",
        "estimate/time.html",
        "estimate/vehicle.html",
        "home.html",
        "identify.html",
        "pictures_add.html",
        "pictures_done.html",
        "repair_check.html",
        "repair_done.html",
        "repair_time.html",
        "status.html",
    },
    "test_after_booking.py": {
        "appointment.html",
        "cancel.html",
        "confirm.html",
        "mail_choice.html",
        "pictures_link.html",
    },
    "test_talk.py": {"quote.html", "quote_confirm.html"},
    "test_times.py": {"time_wish.html", "time_wish_done.html"},
    "test_pages.py": {
        "offline.html",
        "core/login/choose_password.html",
        "core/login/forgotten.html",
        "core/login/login.html",
    },
}
"""Pages that journeys come by on their way."""


@pytest.fixture
async def scene(garage: Garage, outbox: Outbox, elsewhere: Limiter) -> Scene:
    """A garage of the state's own."""
    for kind in ("estimate", "drop_off"):
        await rule(garage, kind, horizon_days=HORIZON)
    return Scene(garage, outbox, elsewhere)


@pytest.fixture
async def window(chrome: Browser) -> AsyncIterator[Window]:
    """A small phone."""
    context = await chrome.new_context(
        viewport=NARROW,  # type: ignore[arg-type]  # a plain dict does
        is_mobile=True,
        has_touch=True,
        service_workers="block",
        timezone_id="Europe/Brussels",
    )
    await context.add_init_script(REPORT_POLICY)
    await context.add_init_script(AXE_SCRIPT)  # once, as each state is a page in four languages
    opened = Window(await context.new_page())
    await context.route("**/*", opened.serve)
    yield opened
    await context.close()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The templates that were asked for."""
    names: set[str] = set()
    get = jinja2.Environment.get_template

    def note(self: jinja2.Environment, name: Any, *more: Any, **named: Any) -> jinja2.Template:
        names.add(str(name))
        return get(self, name, *more, **named)

    monkeypatch.setattr(jinja2.Environment, "get_template", note)
    return names


def name_of(state: State) -> str:
    """As a sentence of a test."""
    return state.name


@pytest.mark.parametrize("state", STATES, ids=name_of)
async def test_a_state_of_a_page_has_no_barrier_in_any_language(
    scene: Scene, window: Window, drawn: set[str], state: State
) -> None:
    shown = await state.make(scene)
    is_at_the_desk = state.make.__module__ == desk.__name__
    if is_at_the_desk:
        await window.page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict does
    drawn.clear()
    for language in LANGUAGES:
        answer = await shown.answer(language)
        assert answer.status_code == state.status
        assert f'<html lang="{language}"' in answer.text
        assert language != "en" or state.says in unescape(answer.text)
        await window.show(shown, answer)
        await window.finds_no_barrier()
        if not is_at_the_desk:
            await window.finds_everything_large_enough()
        await window.finds_no_barrier_in_the_dark()
        await window.picture(f"state-{state.name}-{language}")
    assert full_name(state.template) in drawn
    assert not window.policy_reports
    assert not [each for each in window.complaints if f"status of {state.status}" not in each]


def full_name(template: str) -> str:
    """With the package in front."""
    return template if template.startswith("core/") else f"self_service_portal/{template}"


def roof_of(template: Path, folder: Path) -> str:
    """What a template extends in the end; empty where it is a part of a page."""
    found = re.match(r'\s*{% extends (?:"([^"]+)"|shown) %}', template.read_text())
    if found is None:
        return ""
    name = found[1] or "core/portal.html"  # the preview shows a page of the portal
    if name in ROOFS or not name.startswith("self_service_portal/"):
        return name
    return roof_of(folder / name.removeprefix("self_service_portal/"), folder)


def pages_below(folder: Path, prefix: str, roofs: set[str]) -> set[str]:
    """Names of the templates that are whole pages; a page that others extend is not shown."""
    files = [path for path in folder.rglob("*.html") if roof_of(path, folder) in roofs]
    texts = "".join(path.read_text() for path in files)
    names = {f"{prefix}{path.relative_to(folder).as_posix()}" for path in files}
    return {name for name in names if f'extends "{full_name(name)}"' not in texts}


def test_no_page_of_the_portal_and_none_for_everybody_is_forgotten() -> None:
    pages = pages_below(PORTAL, "", ROOFS)
    pages |= pages_below(CORE, "core/", {"core/portal.html", "core/plain.html"})
    looked_at = {state.template for state in STATES}.union(*BY_FLOWS.values())
    assert len(pages) > 30
    assert pages - looked_at == set()
    assert {name for name in looked_at if not (PORTAL / name).exists()} <= {
        name for name in looked_at if (CORE.parent / "templates" / name[5:]).exists()
    }


def test_every_room_has_states_and_no_two_have_one_name() -> None:
    names = [state.name for state in STATES]
    assert {state.make.__module__ for state in STATES} == {room.__name__ for room in ROOMS}
    assert len(set(names)) == len(names)


async def test_the_menu_of_a_task_opens_on_the_screen(scene: Scene, window: Window) -> None:
    shown = await desk.a_job_card_with_everything_said(scene)
    await window.show(shown, await shown.answer("nl"))
    menus = window.page.locator(".tasks details.menu")
    await menus.first.locator("summary").click()
    edges = await menus.first.locator("div").first.evaluate(
        "(menu) => [menu.getBoundingClientRect().left, menu.getBoundingClientRect().right]"
    )
    assert 0 <= edges[0] < edges[1] <= NARROW["width"]
