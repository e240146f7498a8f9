"""Host names of a garage's own, as support adds and removes them."""

import secrets

import pytest

from core.web.host_router import HostRouter
from tests.garages import Browser, Garage
from tests.servers import BASE_DOMAIN
from tests.tenants.console.conftest import Desk


async def add(browser: Browser, garage: Garage, host: str) -> tuple[int, str]:
    page = f"/garages/{garage.slug}"
    answer = await browser.submit(f"{page}/domains", {"host": host}, page=page)
    return answer.status_code, answer.text


async def front_door(app: HostRouter, host: str) -> int:
    return (await Browser(app, host).get("/desk/login")).status_code


def a_host() -> str:
    return f"www.{secrets.token_hex(5)}.be"


async def test_a_garage_answers_under_a_name_of_its_own_until_it_is_removed(
    app: HostRouter, garage: Garage, desk: Desk
) -> None:
    lead, host = await desk(), a_host()
    assert await front_door(app, host) == 404
    await add(lead, garage, host)
    assert await front_door(app, host) == 200
    page = f"/garages/{garage.slug}"
    await lead.submit(f"{page}/domains/{host}/remove", page=page)
    assert await front_door(app, host) == 404


async def test_removing_a_name_can_be_undone(app: HostRouter, garage: Garage, desk: Desk) -> None:
    lead, host = await desk(), a_host()
    await add(lead, garage, host)
    page = f"/garages/{garage.slug}"
    answer = await lead.submit(f"{page}/domains/{host}/remove", page=page)
    assert f"/domains/{host}/again" in answer.text
    await lead.submit(f"{page}/domains/{host}/again", page=page)
    assert await front_door(app, host) == 200


async def test_a_name_in_other_letters_is_kept_as_browsers_send_it(
    app: HostRouter, garage: Garage, desk: Desk
) -> None:
    name = secrets.token_hex(4)
    _status, text = await add(await desk(), garage, f"WWW.Märk-{name}.BE")
    assert f"www.xn--mrk-{name}" in text
    assert await front_door(app, f"www.{f'märk-{name}'.encode('idna').decode()}.be") == 200


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "This field is required."),
        ("https://www.example.be/x", "Please type a host name such as"),
        ("localhost", "Please type a host name such as"),
        ("10.0.0.1", "Please type a host name such as"),
        (f"other.{BASE_DOMAIN}", "are subdomains, which every garage has already"),
    ],
)
async def test_what_is_no_name_of_a_garage_is_refused_and_stays_in_the_form(
    garage: Garage, desk: Desk, typed: str, said: str
) -> None:
    status, text = await add(await desk(), garage, typed)
    assert status in {409, 422}
    assert said in text
    assert f'value="{typed}"' in text or not typed


async def test_a_name_leads_to_one_garage_only(
    app: HostRouter, garage: Garage, other_garage: Garage, desk: Desk
) -> None:
    lead, host = await desk(), a_host()
    await add(lead, garage, host)
    status, text = await add(lead, other_garage, host)
    assert status == 409
    assert "This host name already leads to a garage." in text


async def test_another_garages_name_cannot_be_removed(
    app: HostRouter, garage: Garage, other_garage: Garage, desk: Desk
) -> None:
    lead, host = await desk(), a_host()
    await add(lead, garage, host)
    page = f"/garages/{other_garage.slug}"
    await lead.submit(f"{page}/domains/{host}/remove", page=page)
    assert await front_door(app, host) == 200


async def test_both_are_in_the_log(garage: Garage, desk: Desk) -> None:
    lead, host = await desk(), a_host()
    await add(lead, garage, host)
    page = f"/garages/{garage.slug}"
    await lead.submit(f"{page}/domains/{host}/remove", page=page)
    log = await lead.open(f"/audit?garage={garage.slug}")
    assert "Host name added" in log.text
    assert "Host name removed" in log.text
