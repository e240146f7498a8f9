"""Nobody reaches what is not theirs: every route, for everybody who should not get in.

The routes come from the application itself. What is expected follows from each route's own
guards, so a new route is covered the day it appears, or fails here.
"""

import asyncio
from itertools import combinations

import pytest

from core.web.host_router import HostRouter
from core.workshop.staff.permissions import permissions_of
from tenants.visits import enter_garage
from tests.garages import SUPPORT, Browser, Garage
from tests.security.furnished import INNOCENT, Furnished, everything_in, furnish
from tests.security.routes import NOBODYS_CARE, Route, routes_of, staff_routes
from tests.security.visits import visit

ROLES = ("owner", "planner", "technician", "accountant", "support")
PUBLIC = {
    "GET /",
    "GET /language/{code}",
    "GET /static/{path}",
    "GET /theme/{name}",
    "GET /rude",
    "GET /robots.txt",
    "GET /sitemap.xml",
    "GET /embed.js",
    "GET /service-worker.js",
    "GET /s/{code}",
    "GET /portal/icon/{icon_name}",
    "GET /{lang}/app.webmanifest",
    "GET /{lang}/embed/{start}",
    "GET /{lang}/offline",
    "GET /{lang}/mails/{token}/stop",
    "POST /{lang}/mails/{token}/stop",
    "GET /desk/login",
    "POST /desk/login",
    "POST /desk/logout",
    "GET /desk/password",
    "POST /desk/password",
    "GET /desk/enter/{token}",
    "GET /desk/{purpose}/{token}",
    "POST /desk/{purpose}/{token}",
    "GET /portal/logo/{file_name}",
    "GET /{lang}",
    "GET /{lang}/appointment/{secret}",
    "GET /{lang}/appointment/{secret}/calendar.ics",
    "GET /{lang}/appointment/{secret}/cancel",
    "GET /{lang}/appointment/{secret}/move",
    "POST /{lang}/appointment/{secret}/ask",
    "POST /{lang}/appointment/{secret}/cancel",
    "POST /{lang}/appointment/{secret}/move",
    "GET /{lang}/confirm/{token}",
    "POST /{lang}/confirm/{token}",
    "GET /{lang}/mails/{token}",
    "POST /{lang}/mails/{token}",
    "GET /{lang}/estimate",
    "GET /{lang}/estimate/calendar.ics",
    "GET /{lang}/estimate/check",
    "GET /{lang}/estimate/contact",
    "GET /{lang}/estimate/damage",
    "GET /{lang}/estimate/done",
    "GET /{lang}/estimate/photos",
    "GET /{lang}/estimate/time",
    "GET /{lang}/estimate/vehicle",
    "POST /{lang}/estimate/check",
    "POST /{lang}/estimate/contact",
    "POST /{lang}/estimate/damage",
    "POST /{lang}/estimate/photos",
    "POST /{lang}/estimate/photos/{photo_id}/earlier",
    "POST /{lang}/estimate/photos/{photo_id}/later",
    "POST /{lang}/estimate/photos/{photo_id}/remove",
    "GET /{lang}/estimate/photos/{photo_id}/thumb",
    "POST /{lang}/estimate/uploads",
    "DELETE /{lang}/estimate/uploads/{upload_id}",
    "HEAD /{lang}/estimate/uploads/{upload_id}",
    "PATCH /{lang}/estimate/uploads/{upload_id}",
    "POST /{lang}/estimate/restart",
    "POST /{lang}/estimate/time",
    "POST /{lang}/estimate/vehicle",
    "GET /{lang}/job-number",
    "POST /{lang}/job-number",
    "GET /{lang}/job-number/sent",
    "GET /{lang}/privacy",
    "GET /{lang}/pictures",
    "GET /{lang}/pictures/add",
    "GET /{lang}/pictures/done",
    "GET /{lang}/pictures/link/{pictures_key}",
    "POST /{lang}/pictures/link/{pictures_key}",
    "POST /{lang}/pictures/photos/{photo_id}/remove",
    "GET /{lang}/pictures/photos/{photo_id}/thumb",
    "POST /{lang}/pictures/uploads",
    "DELETE /{lang}/pictures/uploads/{upload_id}",
    "HEAD /{lang}/pictures/uploads/{upload_id}",
    "PATCH /{lang}/pictures/uploads/{upload_id}",
    "POST /{lang}/pictures",
    "POST /{lang}/pictures/add",
    "GET /{lang}/repair",
    "GET /{lang}/repair/calendar.ics",
    "GET /{lang}/repair/done",
    "GET /{lang}/repair/time",
    "POST /{lang}/repair",
    "POST /{lang}/repair/time",
    "GET /{lang}/estimate/wish",
    "POST /{lang}/estimate/wish",
    "GET /{lang}/estimate/wish/done",
    "GET /{lang}/repair/wish",
    "POST /{lang}/repair/wish",
    "GET /{lang}/repair/wish/done",
    "GET /{lang}/wish/{secret}",
    "POST /{lang}/wish/{secret}",
    "GET /{lang}/estimate/address",
    "POST /{lang}/estimate/address",
    "POST /{lang}/finish",
    "GET /{lang}/finished",
    "GET /polite/book",
    "POST /polite/book",
    "GET /{lang}/status",
    "GET /{lang}/status/job",
    "GET /{lang}/status/link/{key}",
    "GET /{lang}/status/pick-up",
    "POST /{lang}/status/pick-up",
    "GET /{lang}/status/photos/{photo_id}/{size}",
    "GET /{lang}/status/quotes/{quote_id}",
    "GET /{lang}/status/quotes/{quote_id}/pdf",
    "GET /{lang}/status/quotes/{quote_id}/{answer}",
    "POST /{lang}/status",
    "POST /{lang}/status/link/{key}",
    "POST /{lang}/status/messages",
    "POST /{lang}/status/quotes/{quote_id}/{answer}",
    "POST /{lang}/status/wish",
}
"""Whatever is open to the whole world was put into this list by somebody who meant it."""

NO_404 = {
    ("GET /desk/{purpose}/{token}", "token"): 410,
    ("POST /desk/{purpose}/{token}", "token"): 410,
    ("GET /s/{code}", "code"): 303,
    ("GET /{lang}/appointment/{secret}/move", "secret"): 303,
    ("POST /{lang}/estimate/photos/{photo_id}/earlier", "photo_id"): 303,
    ("POST /{lang}/estimate/photos/{photo_id}/later", "photo_id"): 303,
    ("POST /{lang}/estimate/photos/{photo_id}/remove", "photo_id"): 303,
    ("POST /{lang}/pictures/photos/{photo_id}/remove", "photo_id"): 303,
    ("POST /desk/jobs/{job_id}/presence/in/{stay_id}/undo", "stay_id"): 409,
    ("POST /desk/jobs/{job_id}/presence/off/{stay_id}/undo", "stay_id"): 409,
}
"""Where something that does not exist is answered in another way than 404."""


@pytest.fixture
async def ours(garage: Garage) -> Furnished:
    """The garage at whose host everybody knocks."""
    await garage.switch("polite", on=True)
    return await furnish(garage)


@pytest.fixture
async def theirs(other_garage: Garage) -> Furnished:
    """The garage whose things must not be seen there."""
    await other_garage.switch("polite", on=True)
    return await furnish(other_garage)


async def browser_of(furnished: Furnished, role: str) -> Browser:
    """Somebody inside a garage; `support` acts in it with a reason."""
    if role != "support":
        return await furnished.garage.staff(role)
    garage = furnished.garage
    visit_ = await enter_garage(
        garage.house.database, garage.house.directory, garage.slug, SUPPORT, reason="to look"
    )
    browser = garage.browser()
    await browser.open(f"/desk/enter/{visit_.token}")
    return browser


def replay(browser: Browser, garage: Garage) -> Browser:
    """All cookies of a browser, sent to another garage."""
    thief = garage.browser()
    for cookie in browser.cookies.jar:
        thief.cookies.set(cookie.name, str(cookie.value), domain=garage.host)
    return thief


def test_a_route_is_open_to_the_world_by_decision_only(app: HostRouter) -> None:
    assert {str(route) for route in routes_of(app) if route.is_public} == PUBLIC


def test_every_other_route_asks_who_is_there(app: HostRouter) -> None:
    bare = {
        (route.method, route.path)
        for route in routes_of(app)
        if route.is_public == route.is_guarded
    }
    assert bare == NOBODYS_CARE


async def test_nobody_gets_in_without_logging_in(app: HostRouter, ours: Furnished) -> None:
    browser = ours.garage.browser()
    await assert_turned_away(app, ours, browser, await browser.token("/desk/login"))


async def test_a_login_of_another_garage_is_no_login(
    app: HostRouter, ours: Furnished, theirs: Furnished
) -> None:
    browser = replay(await theirs.garage.staff("owner"), ours.garage)
    await assert_turned_away(app, ours, browser, await browser.token("/desk/login"))


async def assert_turned_away(
    app: HostRouter, ours: Furnished, browser: Browser, token: str
) -> None:
    """Pages send to the login, scripts get a 401, and neither says anything about a row."""
    before = await everything_in(ours.garage)
    wrong = []
    for route in staff_routes(app):
        address = route.filled(ours.values(route))
        page = await visit(browser, route, address, token=token)
        script = await visit(
            browser, route, address, token=token, headers={"Accept": "application/json"}
        )
        to_login = page.headers.get("location", "").startswith("/desk/login?next=")
        if (page.status_code, script.status_code, to_login) != (303, 401, True):
            wrong.append(f"{route}: {page.status_code} {script.status_code}")
        if ours.mark in page.text + script.text:
            wrong.append(f"{route}: tells")
    assert not wrong, "\n".join(wrong)
    assert await everything_in(ours.garage) == before


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_gets_exactly_what_it_may(app: HostRouter, ours: Furnished, role: str) -> None:
    browser = await browser_of(ours, role)
    granted = permissions_of(
        "owner" if role == "support" else role,
        ours.garage.house.hooks,
        ours.garage.tenant.active_plugins,
    ) - ({"staff.manage"} if role == "support" else set())
    token = await browser.token("/desk")
    wrong = []
    for route in staff_routes(app):
        answer = await visit(browser, route, route.filled(ours.values(route)), token=token)
        may = route.permission is None or route.permission in granted
        if may != (answer.status_code not in {401, 403}) or answer.status_code >= 500:
            wrong.append(f"{route}: {answer.status_code}")
        if not may and ours.mark in answer.text:
            wrong.append(f"{route}: tells")
        if may and route.method == "GET" and answer.status_code not in {200, 303}:
            wrong.append(f"{route}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


async def test_things_of_another_garage_do_not_exist_here(
    app: HostRouter, ours: Furnished, theirs: Furnished
) -> None:
    before = await everything_in(theirs.garage)
    owner, customer = await ours.garage.staff("owner"), await ours.customer()
    tokens = {owner: await owner.token("/desk"), customer: await customer.token("/en/status")}
    wrong = []
    for route in routes_of(app):
        browser = owner if route.is_guarded else customer
        for borrowed in _choices(route):
            values = ours.values(route) | {name: theirs.values(route)[name] for name in borrowed}
            more = {"job": theirs.owned["job_id"], "flow_id": theirs.flow_id}
            address = route.filled(values)
            answer = await visit(browser, route, address, token=tokens[browser], more=more)
            wanted = NO_404.get((str(route), "+".join(sorted(borrowed))), 404)
            if answer.status_code != wanted or theirs.mark in answer.text.lower():
                wrong.append(f"{route} with their {borrowed}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert await everything_in(theirs.garage) == before


def _choices(route: Route) -> list[tuple[str, ...]]:
    """Every way of taking one or more of the address's keys from somebody else."""
    owned = sorted(route.parameters - set(INNOCENT) - {"path"})
    return [each for size in range(1, len(owned) + 1) for each in combinations(owned, size)]


async def test_things_of_another_garage_cannot_be_named_in_a_form(
    app: HostRouter, ours: Furnished, theirs: Furnished
) -> None:
    before = await everything_in(theirs.garage)
    more = {
        "job": theirs.owned["job_id"],
        "flow_id": theirs.flow_id,
        "plate": theirs.plate,
        "number": theirs.number,
    }
    owner, anybody = await ours.garage.staff("owner"), ours.garage.browser()
    tokens = {owner: await owner.token("/desk"), anybody: await anybody.token("/en/status")}
    for route in routes_of(app):
        if route.method == "POST" and not route.parameters - set(INNOCENT):
            browser = owner if route.is_guarded else anybody
            await visit(browser, route, route.filled(INNOCENT), token=tokens[browser], more=more)
    assert await everything_in(theirs.garage) == before


@pytest.mark.parametrize("who", ["owner", "customer", "sender"])
async def test_pages_of_two_garages_asked_in_turn_never_mix(
    app: HostRouter, ours: Furnished, theirs: Furnished, who: str
) -> None:
    pair = [(ours, theirs), (theirs, ours)]
    browsers = [await _somebody(mine, who) for mine, _ in pair]
    wrong, telling = [], 0
    for route in routes_of(app):
        if route.method != "GET" or route.path.startswith("/desk/enter"):
            continue
        answers = await asyncio.gather(
            *(
                browser.get(route.filled(mine.values(route)), follow_redirects=True)
                for browser, (mine, _) in zip(browsers, pair, strict=True)
            )
        )
        for answer, (mine, other) in zip(answers, pair, strict=True):
            telling += bool(mine.named_in(answer.text))
            if other.named_in(answer.text):
                wrong.append(f"{route}: {other.named_in(answer.text)}")
    assert not wrong, "\n".join(wrong)
    assert telling >= 2 * {"owner": 12, "customer": 10, "sender": 1}[who]


async def _somebody(furnished: Furnished, who: str) -> Browser:
    if who == "owner":
        return await furnished.garage.staff("owner")
    return await furnished.customer(has_sent=who == "sender")


async def test_a_customers_cookies_of_another_garage_open_nothing(
    app: HostRouter, ours: Furnished, theirs: Furnished
) -> None:
    browser = replay(await theirs.customer(), ours.garage)
    wrong = []
    for route in routes_of(app):
        if route.method == "GET" and route.plugin == "self_service_portal":
            answer = await browser.get(route.filled(theirs.values(route)))
            if answer.status_code == 200 and theirs.named_in(answer.text):
                wrong.append(str(route))
    assert not wrong, "\n".join(wrong)
