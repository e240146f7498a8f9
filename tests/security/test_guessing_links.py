"""The plate that a personal link asks for: guesses are counted and cost work, as those without a
link do, and whoever is right is let in."""

from uuid import UUID

import httpx
import pytest

from core.web.limits import Limiter
from core.web.traps import TRAP
from core.workshop.planning import repository
from core.workshop.planning import services as planning
from core.workshop.planning.links import give_link
from plugins.self_service_portal.identity import MISSES_PER_GARAGE, MISSES_PER_PLATE
from tests.garages import STAFF, Browser, Garage
from tests.plugins.self_service_portal.after_booking import far_slot
from tests.security.furnished import Furnished, furnish
from tests.solving import ONE_MORE_STEP, solved, submit_and_work

CANCEL = "/{lang}/appointment/{secret}/cancel"
LINKS = (
    "/{lang}/pictures/link/{pictures_key}",
    "/{lang}/status/link/{key}",
    "/{lang}/wish/{secret}",
    CANCEL,
)
MOVE = "/{lang}/appointment/{secret}/move"


@pytest.fixture
async def furnished(garage: Garage) -> Furnished:
    """A garage with something behind each link, and an appointment that may still be changed."""
    found = await furnish(garage)
    async with garage.unit() as session:
        estimate = await repository.by_id(session, UUID(found.owned["appointment_id"]))
        await planning.move(session, estimate, await far_slot(session), STAFF)
        for path in (CANCEL, MOVE):
            found.special[path] = {"secret": give_link(estimate)}
    return found


def address(furnished: Furnished, path: str) -> str:
    """A link to something of this garage."""
    return path.format(lang="en", **{**furnished.owned, **furnished.special.get(path, {})})


async def guess(furnished: Furnished, path: str, plate: str, **browser: str) -> httpx.Response:
    """Type a plate behind a link, and do the work that is asked for."""
    visitor = furnished.garage.browser(**browser)
    return await submit_and_work(visitor, address(furnished, path), {"plate": plate})


async def spend(limiter: Limiter, limit: str, times: int, *key: str) -> None:
    """Use up a part of a limit in another process."""
    for _ in range(times):
        await limiter.allows(limit, *key)


@pytest.mark.parametrize("path", LINKS)
async def test_an_address_that_guesses_behind_a_link_is_stopped(
    furnished: Furnished, path: str
) -> None:
    seen = [
        (await guess(furnished, path, f"X{number}", address="203.0.113.40")).status_code
        for number in range(21)
    ]
    right = await guess(furnished, path, furnished.plate, address="203.0.113.40")
    assert seen == [422] * 20 + [429]
    assert right.status_code == 429


@pytest.mark.parametrize("path", LINKS)
@pytest.mark.parametrize("whose", ["plate", "garage"])
async def test_a_link_that_is_hammered_on_from_everywhere_lets_its_owner_in(
    furnished: Furnished, elsewhere: Limiter, path: str, whose: str
) -> None:
    garage = str(furnished.garage.tenant.id)
    if whose == "plate":
        key = ("portal-miss-plate", garage, furnished.plate)
        await spend(elsewhere, MISSES_PER_PLATE, 30, *key)
    else:
        await spend(elsewhere, MISSES_PER_GARAGE, 3000, "portal-miss-garage", garage)
    miss = await guess(furnished, path, "2-ZZZ-999", address="203.0.113.41")
    hit = await guess(furnished, path, furnished.plate, address="203.0.113.42")
    assert miss.status_code == 429
    assert hit.status_code in {303, 422}
    assert "does not belong" not in hit.text


@pytest.mark.parametrize("path", LINKS)
async def test_a_machine_that_does_not_do_the_work_gets_ten_plates(
    furnished: Furnished, path: str
) -> None:
    machine, link = furnished.garage.browser(address="203.0.113.43"), address(furnished, path)
    answers = [await machine.submit(link, {"plate": f"X{number}"}) for number in range(12)]
    right = await machine.submit(link, {"plate": furnished.plate}, follow=False)
    assert [ONE_MORE_STEP in each.text for each in (*answers, right)] == [False] * 10 + [True] * 3
    assert right.status_code == 422


@pytest.mark.parametrize("path", LINKS)
async def test_a_filled_trap_behind_a_link_does_nothing(furnished: Furnished, path: str) -> None:
    link = address(furnished, path)
    form: dict[str, object] = {"plate": furnished.plate, TRAP: "https://spam.example"}
    answer = await furnished.garage.browser().submit(link, form, follow=False)
    assert answer.status_code == 422
    assert "as a machine does it" in answer.text


async def test_the_puzzle_of_moving_fits_the_forms_own_address(
    furnished: Furnished, elsewhere: Limiter
) -> None:
    garage = str(furnished.garage.tenant.id)
    await spend(elsewhere, MISSES_PER_GARAGE, 1500, "portal-miss-garage", garage)
    page = address(furnished, MOVE).removesuffix("/move")
    browser = furnished.garage.browser()
    answer = await moved(browser, page, {"plate": "2-ZZZ-999"})
    assert answer.status_code == 422
    assert "does not belong" in answer.text
    assert ONE_MORE_STEP not in answer.text


async def moved(browser: Browser, page: str, values: dict[str, str]) -> httpx.Response:
    """Press *Move* on the page of an appointment, with the work that stands on it."""
    shown = await browser.open(page)
    return await browser.submit(f"{page}/move", {**values, **solved(shown)}, page=page)
