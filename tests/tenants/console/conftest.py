"""Members of the help desk at their console."""

import secrets
from collections.abc import Awaitable, Callable

import pyotp
import pytest

from core.app import SUPPORT_HOST
from core.house import House
from core.web.host_router import HostRouter
from tenants.support_staff import create_support_member
from tests.garages import Browser
from tests.servers import BASE_DOMAIN

PASSWORD = "correct horse battery staple"
Desk = Callable[..., Awaitable[Browser]]


@pytest.fixture
def desk(house: House, app: HostRouter) -> Desk:
    """Opens a browser at the console; `role=None` is somebody who is not logged in."""

    async def sit_down(role: str | None = "support-lead") -> Browser:
        browser = Browser(app, f"{SUPPORT_HOST}.{BASE_DOMAIN}", address=_an_address())
        if role is None:
            return browser
        email = f"{secrets.token_hex(6)}@vendor.test"
        _member, secret = await create_support_member(
            house.database, email=email, name="Lou Lead", password=PASSWORD, role=role
        )
        values = {"email": email, "password": PASSWORD, "code": pyotp.TOTP(secret).now()}
        answer = await browser.submit("/login", values, follow=False)
        assert answer.status_code == 303, answer.text[:500]
        return browser

    return sit_down


def _an_address() -> str:
    """An address of its own, so that logins of other tests do not use up its limit."""
    return f"10.{secrets.randbelow(250)}.{secrets.randbelow(250)}.{1 + secrets.randbelow(250)}"
