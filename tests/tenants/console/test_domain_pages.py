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


async def main_address(lead: Browser, garage: Garage, host: str) -> tuple[int, str]:
    page = f"/garages/{garage.slug}"
    answer = await lead.submit(f"{page}/main-address?host={host}", page=page)
    return answer.status_code, answer.text


async def told_address(app: HostRouter, host: str) -> str:
    robots = await Browser(app, host).get("/robots.txt")
    return robots.text.rpartition("Sitemap: ")[2].strip()


async def test_the_main_address_is_what_search_engines_are_told_under_every_name(
    app: HostRouter, garage: Garage, desk: Desk
) -> None:
    lead, host = await desk(), a_host()
    subdomain = f"{garage.slug}.{BASE_DOMAIN}"
    await add(lead, garage, host)
    assert await told_address(app, host) == f"https://{subdomain}/sitemap.xml"
    _status, text = await main_address(lead, garage, host)
    assert f"Customers are sent to {host}." in text
    assert "Main address" in text
    assert await told_address(app, host) == f"https://{host}/sitemap.xml"
    assert await told_address(app, subdomain) == f"https://{host}/sitemap.xml"


async def test_the_subdomain_can_be_the_main_address_again_and_undone(
    app: HostRouter, garage: Garage, desk: Desk
) -> None:
    lead, host = await desk(), a_host()
    subdomain = f"{garage.slug}.{BASE_DOMAIN}"
    await add(lead, garage, host)
    await main_address(lead, garage, host)
    _status, text = await main_address(lead, garage, "")
    assert f"Customers are sent to {subdomain}." in text
    assert f"/main-address?host={host}" in text
    assert await told_address(app, host) == f"https://{subdomain}/sitemap.xml"


async def test_one_main_address_takes_the_place_of_another(
    app: HostRouter, garage: Garage, desk: Desk
) -> None:
    lead, first, second = await desk(), a_host(), a_host()
    for host in (first, second):
        await add(lead, garage, host)
        await main_address(lead, garage, host)
    assert await told_address(app, first) == f"https://{second}/sitemap.xml"


async def test_a_removed_main_address_leaves_the_subdomain_until_it_is_undone(
    app: HostRouter, garage: Garage, desk: Desk
) -> None:
    lead, host = await desk(), a_host()
    subdomain, page = f"{garage.slug}.{BASE_DOMAIN}", f"/garages/{garage.slug}"
    await add(lead, garage, host)
    await main_address(lead, garage, host)
    answer = await lead.submit(f"{page}/domains/{host}/remove", page=page)
    assert await told_address(app, subdomain) == f"https://{subdomain}/sitemap.xml"
    assert f"/domains/{host}/again?main=1" in answer.text
    await lead.submit(f"{page}/domains/{host}/again?main=1", page=page)
    assert await told_address(app, subdomain) == f"https://{host}/sitemap.xml"


async def test_another_garages_name_cannot_be_the_main_address(
    app: HostRouter, garage: Garage, other_garage: Garage, desk: Desk
) -> None:
    lead, host = await desk(), a_host()
    await add(lead, garage, host)
    status, text = await main_address(lead, other_garage, host)
    assert status == 409
    assert "This host name does not lead to this garage." in text


async def test_choosing_it_is_in_the_log(garage: Garage, desk: Desk) -> None:
    lead, host = await desk(), a_host()
    await add(lead, garage, host)
    await main_address(lead, garage, host)
    log = await lead.open(f"/audit?garage={garage.slug}")
    assert "Main address chosen" in log.text
    assert host in log.text
