"""Letting staff in and out."""

import asyncio
import re
from collections import Counter
from datetime import timedelta
from typing import cast

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.pool import QueuePool

from core.clock import now
from core.web.desk.access import PER_ACCOUNT, PER_ADDRESS
from core.web.host_router import HostRouter
from core.web.limits import Limiter
from core.workshop.staff import services
from core.workshop.staff.models import LoginSession, StaffMember
from tests.garages import PASSWORD, Browser, Garage, without_tokens

SESSION = "__Host-session"


async def log_in(
    browser: Browser, email: str, password: str = PASSWORD, next_: str = "/desk"
) -> httpx.Response:
    """Send the login form."""
    values: dict[str, object] = {"email": email, "password": password, "next": next_}
    return await browser.submit("/desk/login", values, follow=False)


@pytest.fixture
async def email(garage: Garage) -> str:
    """The address of an owner who works at the garage."""
    await garage.add_staff("owner", f"owner@{garage.slug}.test")
    return f"owner@{garage.slug}.test"


async def spend(limiter: Limiter, limit: str, times: int, *key: str) -> None:
    """Use up a part of a limit."""
    for _ in range(times):
        await limiter.allows(limit, *key)


async def test_the_right_pair_leads_on_to_where_one_wanted_to_go(
    garage: Garage, email: str
) -> None:
    answer = await log_in(garage.browser(), f"  {email.upper()}", next_="/desk/jobs?show=done")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/jobs?show=done")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "desk",
        "",
    ],
)
async def test_a_login_never_leads_to_another_site(garage: Garage, email: str, target: str) -> None:
    location = (await log_in(garage.browser(), email, next_=target)).headers["location"]
    assert re.match(r"/([^/\\\s]|$)", location), location
    assert not re.search(r"[\\\s]", location)


async def test_the_login_page_keeps_a_safe_target_only(garage: Garage) -> None:
    page = await garage.browser().open("/desk/login?next=//evil.example")
    field = page.select_one("input[name=next]")
    assert field is not None
    assert field["value"] == "/desk"


async def test_unknpublic_address_wrong_password_and_locked_out_are_one_answer(
    garage: Garage, email: str
) -> None:
    await garage.add_staff("planner", "gone@example.com")
    async with garage.unit() as session:
        await session.execute(
            update(StaffMember)
            .where(StaffMember.email == "gone@example.com")
            .values(is_active=False)
        )
    tried = {
        email: "not the password",
        "nobody@example.com": PASSWORD,
        "gone@example.com": PASSWORD,
    }
    bodies = set()
    for address, password in tried.items():
        answer = await log_in(
            garage.browser(cookies={"__Host-visitor": "v" * 22}), address, password
        )
        bodies.add((answer.status_code, without_tokens(answer.text).replace(address, "")))
    assert len(bodies) == 1
    assert bodies.pop()[0] == 401


async def test_a_wrong_pair_keeps_the_address_and_never_the_password(
    garage: Garage, email: str
) -> None:
    answer = await log_in(garage.browser(), email, "not the password")
    assert email in answer.text
    assert "not the password" not in answer.text


async def test_a_login_gives_the_browser_a_new_session(garage: Garage, email: str) -> None:
    browser = garage.browser(cookies={SESSION: "chosen-by-somebody-else"})
    values = {"csrf_token": await browser.token("/desk/login"), "email": email}
    answer = await browser.post("/desk/login", data={**values, "password": PASSWORD})
    given = answer.cookies[SESSION]
    assert len(given) >= 43
    assert given != "chosen-by-somebody-else"
    stolen = garage.browser(cookies={SESSION: "chosen-by-somebody-else"})
    assert (await stolen.get("/desk")).status_code == 303


async def test_logging_in_again_ends_the_session_that_the_browser_had(
    garage: Garage, email: str
) -> None:
    browser = garage.browser()
    await log_in(browser, email)
    old = browser.cookies[SESSION]
    pair = {"csrf_token": await browser.token("/desk"), "email": email, "password": PASSWORD}
    await browser.post("/desk/login", data=pair)
    replayed = garage.browser(cookies={SESSION: old})
    assert (await replayed.get("/desk")).status_code == 303


async def test_after_logging_out_the_old_cookie_opens_nothing(garage: Garage) -> None:
    browser = await garage.staff("owner")
    kept = browser.cookies[SESSION]
    await browser.submit("/desk/logout", page="/desk", follow=False)
    assert SESSION not in browser.cookies
    assert (await garage.browser(cookies={SESSION: kept}).get("/desk")).status_code == 303


async def test_whoever_is_in_does_not_see_the_login_again(garage: Garage) -> None:
    browser = await garage.staff("owner")
    answer = await browser.get("/desk/login?next=/desk/jobs")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/jobs")


async def test_an_expired_session_asks_to_log_in_and_leads_back(garage: Garage, email: str) -> None:
    browser = await garage.staff("owner")
    async with garage.unit() as session:
        await session.execute(update(LoginSession).values(expires_at=now() - timedelta(seconds=1)))
    turned_away = await browser.get("/desk/jobs?show=done")
    field = (await browser.open(turned_away.headers["location"])).select_one("input[name=next]")
    assert field is not None
    answer = await log_in(browser, email, next_=str(field["value"]))
    assert answer.headers["location"] == "/desk/jobs?show=done"


async def test_an_expired_session_at_a_form_leads_back_to_the_first_page(garage: Garage) -> None:
    browser = await garage.staff("owner")
    token = await browser.token("/desk")
    async with garage.unit() as session:
        await session.execute(update(LoginSession).values(expires_at=now() - timedelta(seconds=1)))
    answer = await browser.post("/desk/settings/hours", data={"csrf_token": token})
    assert answer.headers["location"] == "/desk/login?next=%2Fdesk"


async def test_somebody_who_is_locked_out_is_out_at_once(garage: Garage) -> None:
    browser = await garage.staff("planner")
    async with garage.unit() as session:
        await session.execute(
            update(StaffMember).where(StaffMember.role == "planner").values(is_active=False)
        )
    assert (await browser.get("/desk")).status_code == 303


async def test_an_address_that_tries_too_often_waits_in_every_process(
    garage: Garage, email: str, elsewhere: Limiter
) -> None:
    key = ("login", str(garage.tenant.id), "203.0.113.7")
    await spend(elsewhere, PER_ADDRESS, 30, *key)
    answer = await log_in(garage.browser(address="203.0.113.7"), email)
    assert answer.status_code == 429
    assert "Please wait a quarter of an hour." in answer.text


async def test_others_get_in_while_one_address_waits(
    garage: Garage, email: str, elsewhere: Limiter
) -> None:
    await spend(elsewhere, PER_ADDRESS, 30, "login", str(garage.tenant.id), "203.0.113.8")
    assert (await log_in(garage.browser(address="203.0.113.9"), email)).status_code == 303


async def test_an_address_that_waits_at_one_garage_gets_into_another(
    garage: Garage, email: str, elsewhere: Limiter
) -> None:
    await spend(elsewhere, PER_ADDRESS, 30, "login", "another garage", "127.0.0.1")
    assert (await log_in(garage.browser(), email)).status_code == 303


async def test_every_attempt_of_an_address_counts_in_every_process(
    second_process: HostRouter, garage: Garage, email: str, elsewhere: Limiter
) -> None:
    await spend(elsewhere, PER_ADDRESS, 28, "login", str(garage.tenant.id), "203.0.113.10")
    processes = (garage.app, second_process)
    statuses = [
        (await log_in(Browser(app, garage.host, address="203.0.113.10"), "no@one.test")).status_code
        for app in (*processes, processes[0])
    ]
    assert statuses == [401, 401, 429]


async def test_an_account_that_is_guessed_at_is_closed_from_everywhere(
    garage: Garage, email: str, elsewhere: Limiter
) -> None:
    await spend(elsewhere, PER_ACCOUNT, 9, "login-account", str(garage.tenant.id), email)
    last = await log_in(garage.browser(address="203.0.113.11"), email, "a wrong guess")
    right = await log_in(garage.browser(address="203.0.113.12"), email)
    assert (last.status_code, right.status_code) == (401, 429)


async def test_fifty_guesses_at_once_are_no_more_than_ten(garage: Garage, email: str) -> None:
    browsers = [garage.browser(address=f"198.51.100.{number}") for number in range(50)]
    token = await browsers[0].token("/desk/login")
    guess = {"csrf_token": token, "email": email, "password": "a wrong guess"}
    answers = await asyncio.gather(
        *(
            browser.post("/desk/login", data=guess, headers={"Cookie": str(cookies)})
            for browser in browsers
            for cookies in ["; ".join(f"{k}={v}" for k, v in browsers[0].cookies.items())]
        )
    )
    assert Counter(answer.status_code for answer in answers) == {401: 10, 429: 40}
    assert (await log_in(garage.browser(address="203.0.113.13"), email)).status_code == 429


async def test_no_connection_waits_while_a_password_is_compared(
    garage: Garage, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, held = garage.house.database.app_engine.pool, []
    compare = services.password_fits

    def noted(stored: str | None, password: str) -> bool:
        held.append(cast("QueuePool", pool).checkedout())
        return compare(stored, password)

    monkeypatch.setattr(services, "password_fits", noted)
    assert (await log_in(garage.browser(), email)).status_code == 303
    assert held == [0]


async def test_the_right_password_forgets_earlier_typing_errors(
    garage: Garage, email: str, elsewhere: Limiter
) -> None:
    key = ("login-account", str(garage.tenant.id), email)
    await spend(elsewhere, PER_ACCOUNT, 9, *key)
    await log_in(garage.browser(), email)
    await spend(elsewhere, PER_ACCOUNT, 9, *key)
    assert (await log_in(garage.browser(), email)).status_code == 303
