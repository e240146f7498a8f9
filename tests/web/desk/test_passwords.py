"""Choosing a password: by an invitation, or because the old one is forgotten."""

import re

import pytest

from core.web.desk.access import RESETS
from core.web.limits import Limiter
from tests.garages import Garage, Outbox


@pytest.fixture
async def email(garage: Garage) -> str:
    """The address of an owner who works at the garage."""
    await garage.add_staff("owner", f"owner@{garage.slug}.test")
    return f"owner@{garage.slug}.test"


async def test_a_forgotten_password_is_answered_alike_for_everybody(
    garage: Garage, email: str
) -> None:
    bodies = set()
    for address in (email, "nobody@example.com"):
        browser = garage.browser(cookies={"__Host-visitor": "v" * 22})
        answer = await browser.submit("/desk/password", {"email": address})
        bodies.add((answer.status_code, answer.text.replace(address, "")))
    assert len(bodies) == 1
    assert bodies.pop()[0] == 200


async def test_a_forgotten_password_is_mailed_to_those_who_work_here_only(
    garage: Garage, email: str, outbox: Outbox
) -> None:
    stranger = f"stranger@{garage.slug}.test"
    for address in (email, stranger):
        await garage.browser().submit("/desk/password", {"email": address})
    await outbox.empty(garage)
    assert [len(outbox.mails_to(address)) for address in (email, stranger)] == [1, 0]


async def test_nobody_is_flooded_with_mails_about_a_password(
    garage: Garage, email: str, outbox: Outbox, elsewhere: Limiter
) -> None:
    for _ in range(5):
        await elsewhere.allows(RESETS, "reset-account", str(garage.tenant.id), email)
    answer = await garage.browser().submit("/desk/password", {"email": email})
    await outbox.empty(garage)
    assert (answer.status_code, outbox.mails_to(email)) == (200, [])


async def link_from(outbox: Outbox, garage: Garage, email: str) -> str:
    """The path of the link in the newest mail to that address."""
    await outbox.empty(garage)
    found = re.search(rf"https://{garage.host}(/desk/\S+)", outbox.mails_to(email)[0].text)
    assert found is not None
    return found.group(1)


async def test_a_link_sets_a_password_once_and_logs_in(
    garage: Garage, email: str, outbox: Outbox
) -> None:
    await garage.browser().submit("/desk/password", {"email": email})
    link = await link_from(outbox, garage, email)
    browser = garage.browser()
    answer = await browser.submit(link, {"password": "another good one"}, follow=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    assert (await browser.get("/desk")).status_code == 200
    assert (await garage.browser().get(link)).status_code == 410


async def test_a_new_password_ends_all_other_sessions(
    garage: Garage, email: str, outbox: Outbox
) -> None:
    old = await garage.staff("owner")
    await garage.browser().submit("/desk/password", {"email": email})
    link = await link_from(outbox, garage, email)
    await garage.browser().submit(link, {"password": "another good one"}, follow=False)
    assert (await old.get("/desk")).status_code == 303


async def test_a_password_that_is_too_short_says_so_and_keeps_the_link(
    garage: Garage, email: str, outbox: Outbox
) -> None:
    await garage.browser().submit("/desk/password", {"email": email})
    link = await link_from(outbox, garage, email)
    answer = await garage.browser().submit(link, {"password": "short"})
    assert answer.status_code == 422
    assert "Please choose a password of at least" in answer.text
    assert (await garage.browser().get(link)).status_code == 200


async def test_a_link_of_one_garage_is_no_link_at_another(
    garage: Garage, other_garage: Garage, email: str, outbox: Outbox
) -> None:
    await garage.browser().submit("/desk/password", {"email": email})
    link = await link_from(outbox, garage, email)
    assert (await other_garage.browser().get(link)).status_code == 410


async def test_a_link_for_a_password_is_no_invitation(
    garage: Garage, email: str, outbox: Outbox
) -> None:
    await garage.browser().submit("/desk/password", {"email": email})
    link = await link_from(outbox, garage, email)
    answer = await garage.browser().get(link.replace("/reset/", "/invitation/"))
    assert answer.status_code == 410
