"""HEAD is answered like GET, without the body."""

import pytest

from tests.garages import Browser, Garage

ADDRESSES = ("/", "/en", "/en/status", "/en/nothing", "/desk/login", "/desk", "/theme/0b5cab.css")


@pytest.mark.parametrize("path", ADDRESSES)
async def test_the_head_of_an_address_is_that_of_its_page(garage: Garage, path: str) -> None:
    async with garage.browser() as browser:
        await browser.get(path)
        got, head = await browser.get(path), await browser.head(path)
    assert (head.status_code, head.text) == (got.status_code, "")
    assert {**head.headers, "x-request-id": ""} == {**got.headers, "x-request-id": ""}


async def test_the_support_console_answers_it_too(garage: Garage) -> None:
    async with Browser(garage.app, "support.garagist.test") as browser:
        head = await browser.head("/login")
    assert (head.status_code, head.text) == (200, "")


async def test_an_address_for_forms_only_has_no_head_either(garage: Garage) -> None:
    async with garage.browser() as browser:
        assert (await browser.head("/desk/logout")).status_code == 405


async def test_a_plugin_that_is_off_has_no_heads(garage: Garage) -> None:
    await garage.switch("self_service_portal", on=False)
    async with garage.browser() as browser:
        assert (await browser.head("/en/status")).status_code == 404
