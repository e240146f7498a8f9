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


async def token_for(forgery: str, browser: Browser, other: Garage) -> str:
    """The token that such a forgery carries; the right one where something else is wrong."""
    start = "/desk" if "__Host-session" in browser.cookies else "/en/status"
    if FORGERIES[forgery]:
        return await browser.token(start)
    if forgery == "the token of another garage":
        return await replay(browser, other).token("/en/status")
    if forgery == "the token from before the login":
        early = replay(browser, browser.host)
        early.cookies.delete("__Host-session")
        return await early.token("/en/status")
    return TOKENS[forgery]
