"""A form that another site made a browser send is refused, whichever form it is."""

import pytest

from core.web.host_router import HostRouter
from tests.garages import Browser, Garage
from tests.security.furnished import Furnished, everything_in, furnish
from tests.security.routes import routes_of
from tests.security.visits import visit

FORGERIES: dict[str, dict[str, str]] = {
    "no token": {},
    "an invented token": {},
    "a token that is no ASCII": {},
    "the token of another visitor": {},
    "the token of another garage": {},
    "the token from before the login": {},
    "started on a sibling garage": {"Sec-Fetch-Site": "same-site"},
    "started on another site": {"Sec-Fetch-Site": "cross-site"},
    "of a sibling's origin": {"Origin": "https://sibling.garagist.test"},
    "of a foreign origin": {"Origin": "https://evil.example"},
    "of no origin that one could name": {"Origin": "null"},
}
"""What is wrong, and the headers that a browser would send with it."""


@pytest.fixture
async def furnished(garage: Garage) -> Furnished:
    """A garage in which something could be broken."""
    return await furnish(garage)


async def token_for(forgery: str, furnished: Furnished, other: Garage, own: str) -> str:
    """The token that such a forgery carries; the right one where something else is wrong."""
    if FORGERIES[forgery]:
        return own
    if forgery == "the token of another visitor":
        return await furnished.garage.browser().token("/en/status")
    if forgery == "the token of another garage":
        return await (await other.staff("owner")).token("/desk")
    return {"no token": "", "an invented token": "0" * 64}.get(forgery, "ü" * 64)


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_no_form_of_staff_or_customers_can_be_forged(
    app: HostRouter, furnished: Furnished, other_garage: Garage, forgery: str
) -> None:
    owner, customer, early = await _people(furnished)
    before = await everything_in(furnished.garage)
    wrong = []
    for route in routes_of(app):
        if route.method == "GET" or route.plugin == "polite":
            continue
        browser = owner if route.is_guarded else customer
        own = await browser.token("/desk" if browser is owner else "/en/status")
        token = (
            early
            if forgery == "the token from before the login"
            else await token_for(forgery, furnished, other_garage, own)
        )
        if browser is customer and token == early:
            continue
        address = route.filled(furnished.values(route))
        answer = await visit(browser, route, address, token=token, headers=FORGERIES[forgery])
        if answer.status_code != 403:
            wrong.append(f"{route}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert await everything_in(furnished.garage) == before


async def _people(furnished: Furnished) -> tuple[Browser, Browser, str]:
    """The owner, a customer, and the token that the owner's browser had before the login."""
    owner = await furnished.garage.staff("owner")
    visitor = owner.cookies.get("__Host-visitor")
    anonymous = furnished.garage.browser()
    anonymous.cookies.set("__Host-visitor", str(visitor), domain=furnished.garage.host)
    return owner, await furnished.customer(), await anonymous.token("/desk/login")
