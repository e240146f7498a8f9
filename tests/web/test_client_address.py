"""Whose address a request comes from: only our own proxies are believed."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.app import app_of
from core.house import House
from core.web.desk.access import PER_ADDRESS
from core.web.host_router import HostRouter
from core.web.limits import Limiter
from tests.garages import Browser, Garage
from tests.security.routes import litestar_of
from tests.servers import Servers

PROXIES = ("10.0.0.1", "10.0.0.2")


@pytest.fixture
async def behind_proxies(house: House, servers: Servers) -> AsyncIterator[HostRouter]:
    """The application as it runs behind two proxies of ours."""
    app = app_of(replace(house, settings=servers.settings(trusted_proxies=PROXIES)))
    yield app
    await litestar_of(app).state.resources.limiter.close()


async def may_try(app: HostRouter, garage: Garage, peer: str, forwarded: str | None) -> bool:
    """Whether a request that arrives like this may still ask for a new password."""
    browser = Browser(app, garage.host, address=peer)
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    answer = await browser.submit("/desk/password", {"email": "x@example.com"}, headers=headers)
    return answer.status_code == 200


@pytest.mark.parametrize(
    ("way", "address"),
    [
        (("203.0.113.1", None), "203.0.113.1"),
        (("203.0.113.1", "198.51.100.9"), "203.0.113.1"),
        (("10.0.0.1", "198.51.100.9"), "198.51.100.9"),
        (("10.0.0.1", "192.0.2.66, 198.51.100.9"), "198.51.100.9"),
        (("10.0.0.1", "198.51.100.9, 10.0.0.2"), "198.51.100.9"),
        (("10.0.0.1", "192.0.2.66, 198.51.100.9 , 10.0.0.2"), "198.51.100.9"),
        (("10.0.0.1", None), "10.0.0.1"),
        (("10.0.0.1", " , ,"), "10.0.0.1"),
        (("10.0.0.1", "10.0.0.2"), "10.0.0.1"),
        (("::ffff:203.0.113.1", None), "203.0.113.1"),
        (("::ffff:10.0.0.1", "::ffff:198.51.100.9"), "198.51.100.9"),
        (("2001:db8:1:2:aaaa:bbbb:cccc:dddd", None), "2001:db8:1:2::/64"),
        (("10.0.0.1", "2001:DB8:1:2::9, 10.0.0.2"), "2001:db8:1:2::/64"),
        (("10.0.0.1", "fe80::1%eth0"), "fe80::/64"),
        (("10.0.0.1", "no:address"), "no:address"),
    ],
)
async def test_the_address_is_the_last_one_that_is_not_a_proxy_of_ours(
    behind_proxies: HostRouter,
    garage: Garage,
    elsewhere: Limiter,
    way: tuple[str, str | None],
    address: str,
) -> None:
    assert await may_try(behind_proxies, garage, *way)
    for _ in range(30):
        await elsewhere.allows(PER_ADDRESS, "reset", str(garage.tenant.id), address)
    assert not await may_try(behind_proxies, garage, *way)


async def test_nobody_escapes_a_limit_by_inventing_addresses(
    app: HostRouter, garage: Garage, elsewhere: Limiter
) -> None:
    for _ in range(30):
        await elsewhere.allows(PER_ADDRESS, "reset", str(garage.tenant.id), "127.0.0.1")
    tried = [await may_try(app, garage, "127.0.0.1", f"192.0.2.{number}") for number in range(1, 4)]
    assert tried == [False, False, False]
