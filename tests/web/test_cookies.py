"""Cookies: for one host only, and out of reach of scripts."""

from http.cookies import SimpleCookie

import httpx
import pytest

from core.web.cookies import cookie_name, our_cookie
from core.web.host_router import HostRouter
from tests import factories
from tests.garages import PASSWORD, Browser, Garage
from tests.servers import Servers

Set = dict[str, dict[str, str]]


def cookies_of(answer: httpx.Response) -> Set:
    """Name → attributes of every cookie that an answer sets."""
    found: Set = {}
    for line in answer.headers.get_list("set-cookie"):
        for name, morsel in SimpleCookie(line).items():
            found[name] = {key: str(value) for key, value in morsel.items() if value}
    return found


async def all_cookies(garage: Garage) -> Set:
    """Every cookie that a garage's pages can set."""
    await garage.add_staff("owner", "owner@cookies.test")
    async with garage.unit() as session:
        job = await factories.a_job(session)
    browser = garage.browser()
    token = await browser.token("/desk/login")
    visited = [
        await garage.browser().get("/desk/login"),
        await browser.get("/language/nl"),
        await browser.post(
            "/en/status",
            data={"csrf_token": token, "plate": job.plate, "number": job.public_number},
        ),
        await browser.post(
            "/en/estimate/vehicle",
            data={"csrf_token": token, "plate": "1-ABC-123", "country": "BE"},
        ),
        await browser.post(
            "/desk/login",
            data={"csrf_token": token, "email": "owner@cookies.test", "password": PASSWORD},
        ),
        await browser.submit("/desk/logout", page="/desk", follow=False),
    ]
    found: Set = {}
    for answer in reversed(visited):
        found |= cookies_of(answer)
    return found


async def test_every_cookie_is_bound_to_its_host_and_hidden_from_scripts(garage: Garage) -> None:
    found = await all_cookies(garage)
    names = {"session", "visitor", "language", "flash", "portal-job", "portal-draft"}
    assert set(found) == {f"__Host-{name}" for name in names}
    for attributes in found.values():
        assert "domain" not in attributes
        assert attributes["path"] == "/"
        assert attributes["secure"] == attributes["httponly"] == "True"
        assert attributes["samesite"].lower() == "lax"


async def test_over_plain_http_cookies_lose_only_what_browsers_refuse_there(
    servers: Servers,
) -> None:
    settings = servers.settings(public_scheme="http")
    cookie = our_cookie(settings, "session", "secret")
    assert (cookie.key, cookie.secure) == ("session", False)
    assert (cookie.httponly, cookie.domain, cookie.path) == (True, None, "/")


@pytest.mark.parametrize(("scheme", "name"), [("https", "__Host-session"), ("http", "session")])
def test_a_cookies_name_says_whether_it_is_bound(servers: Servers, scheme: str, name: str) -> None:
    assert cookie_name(servers.settings(public_scheme=scheme), "session") == name


async def test_a_page_gives_a_browser_its_mark_once(garage: Garage) -> None:
    async with garage.browser() as browser:
        first = cookies_of(await browser.get("/desk/login"))
        second = cookies_of(await browser.get("/desk/login"))
    assert (list(first), list(second)) == (["__Host-visitor"], [])


async def test_a_mark_that_is_too_short_to_be_ours_is_replaced(garage: Garage) -> None:
    async with garage.browser(cookies={"__Host-visitor": "short"}) as browser:
        assert "__Host-visitor" in cookies_of(await browser.get("/desk/login"))


async def test_static_files_and_redirects_of_strangers_set_no_cookie(garage: Garage) -> None:
    async with garage.browser() as browser:
        for path in ("/theme/0b5cab.css", "/", "/desk/jobs"):
            assert "set-cookie" not in (await browser.get(path)).headers


async def test_a_message_for_the_next_page_is_shown_there_and_then_gone(garage: Garage) -> None:
    browser = await garage.staff("owner")
    await browser.submit("/desk/logout", page="/desk", follow=False)
    shown = await browser.open("/desk/login")
    again = await browser.open("/desk/login")
    assert "You are logged out." in shown.text
    assert "You are logged out." not in again.text


async def test_a_message_that_was_tampered_with_is_not_shown(garage: Garage) -> None:
    browser = await garage.staff("owner")
    answer = await browser.submit("/desk/logout", page="/desk", follow=False)
    value = answer.cookies["__Host-flash"]
    forged = garage.browser(cookies={"__Host-flash": f"AAAA{value[4:]}"})
    assert "You are logged out." not in (await forged.open("/desk/login")).text


async def test_a_message_of_one_garage_is_not_shown_at_another(
    garage: Garage, other_garage: Garage
) -> None:
    browser = await garage.staff("owner")
    answer = await browser.submit("/desk/logout", page="/desk", follow=False)
    value = answer.cookies["__Host-flash"]
    stranger = other_garage.browser(cookies={"__Host-flash": value})
    assert "You are logged out." not in (await stranger.open("/desk/login")).text


async def test_a_second_process_reads_the_first_ones_cookies(
    second_process: HostRouter, garage: Garage
) -> None:
    first = await garage.staff("owner")
    second = Browser(second_process, garage.host, cookies=dict(first.cookies))
    assert (await second.get("/desk")).status_code == 200
