"""Which garage, or which site of the platform, a host means."""

import pytest

from core.web.host_router import HostRouter
from tenants.lifecycle import close_garage
from tests.garages import SUPPORT, Browser, Garage
from tests.servers import BASE_DOMAIN


@pytest.mark.parametrize(
    "host",
    [
        f"nobody.{BASE_DOMAIN}",
        BASE_DOMAIN,
        f"a.b.{BASE_DOMAIN}",
        "evil.example",
        "127.0.0.1",
        "xn--nxasmq6b.example",
    ],
)
async def test_an_unknown_host_gets_a_plain_404_that_names_no_garage(
    app: HostRouter, garage: Garage, host: str
) -> None:
    async with Browser(app, host) as browser:
        answer = await browser.get("/desk/login")
    assert answer.status_code == 404
    assert garage.tenant.name not in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_host_is_found_in_any_case_and_with_a_port(app: HostRouter, garage: Garage) -> None:
    async with garage.browser() as browser:
        answer = await browser.get("/desk/login", headers={"Host": f"{garage.host.upper()}:8443"})
    assert answer.status_code == 200
    assert garage.tenant.name in answer.text


@pytest.mark.parametrize("host", ["", "a b", f"x.{BASE_DOMAIN}/y", f"x.{BASE_DOMAIN}:port", "-a.b"])
async def test_a_host_header_that_is_no_host_is_a_404(app: HostRouter, host: str) -> None:
    async with Browser(app, "nobody.example") as browser:
        answer = await browser.get("/", headers={"Host": host})
    assert answer.status_code == 404


async def test_a_closed_garage_does_not_exist(garage: Garage) -> None:
    async with garage.browser() as browser:
        assert (await browser.get("/desk/login")).status_code == 200
        await close_garage(
            garage.house.database, garage.house.directory, garage.slug, SUPPORT, reason="moved"
        )
        assert (await browser.get("/desk/login")).status_code == 404
