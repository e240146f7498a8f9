"""What a first view costs, in bytes as they come over the wire: nothing is cached yet."""

from collections.abc import Iterable
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Request

from tests.budgets import KB, PORTAL, STAFF, TABLET_OF_STAFF, Budget
from tests.demo_run import DemoRun
from tests.journeys.flows import NEXT
from tests.journeys.people import PHONE, TABLET, People, Person


async def visit(person: Person, path: str) -> list[Request]:
    """All that the browser asks for on the way to a page that is quiet again."""
    asked: list[Request] = []
    person.page.on("requestfinished", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright looks at its listeners
    person.page.on("requestfailed", lambda request: asked.append(request))  # noqa: PLW0108 - the same
    await person.go(path)
    await person.page.wait_for_load_state("networkidle")
    return asked


async def weight(requests: Iterable[Request]) -> int:
    """Bytes of the answers' bodies, as they were sent."""
    return sum([(await each.sizes())["responseBodySize"] for each in requests])


async def assert_within(budget: Budget, requests: list[Request], host: str) -> None:
    foreign = [each.url for each in requests if urlsplit(each.url).netloc != host]
    kept = [each for each in requests if "/photos/" not in each.url]
    scripts = [each for each in kept if each.resource_type == "script"]
    cost = Budget(await weight(kept), await weight(scripts), len(kept))
    assert not foreign
    assert cost.script_bytes > 0, "a first view has a script: nothing is measured here"
    assert cost.bytes <= budget.bytes, cost
    assert cost.script_bytes <= budget.script_bytes, cost
    assert cost.requests <= budget.requests, [each.url for each in kept]
    plain = [each.url for each in kept if not await is_small(each)]
    assert not plain, "not compressed"


async def is_small(request: Request) -> bool:
    """Whether an answer that is text of some length came compressed."""
    answer = await request.response()
    if answer is None or answer.status >= 300:
        return True
    headers = answer.headers
    is_text = headers.get("content-type", "").startswith(("text/", "image/svg+xml"))
    is_long = (await request.sizes())["responseBodySize"] > KB
    return not (is_text and is_long) or headers.get("content-encoding") == "gzip"


@pytest.mark.parametrize("path", ["", "/estimate", "/repair", "/status", "/pictures"])
async def test_the_first_view_of_the_portal_is_light(
    people: People, demo: DemoRun, path: str
) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    requests = await visit(customer, f"/nl{path}")
    await assert_within(PORTAL, requests, f"noord.localhost:{demo.port}")


async def test_the_page_with_the_photos_is_light_too(people: People, demo: DemoRun) -> None:
    first = await people.sit_down("noord", screen=PHONE)
    job = demo.garage("noord")["jobs"][0]
    await first.go("/nl/pictures")
    await first.page.locator("input[name=plate]").fill(job["plate"])
    await first.page.locator("input[name=number]").fill(job["number"])
    await first.tap("main form .actions button.primary:not([form])")
    await first.page.wait_for_url("**/pictures/add")
    second = await people.sit_down("noord", screen=PHONE)
    await second.page.context.add_cookies(await first.page.context.cookies())  # type: ignore[arg-type]
    requests = await visit(second, "/nl/pictures/add")
    await assert_within(PORTAL, requests, f"noord.localhost:{demo.port}")


async def test_the_pages_of_a_flow_are_light_when_they_are_opened_first(
    people: People, demo: DemoRun
) -> None:
    first = await people.sit_down("noord", screen=PHONE)
    await first.go("/nl/estimate")
    await first.page.locator("input[name=plate]").fill("1-BUD-001")
    await first.tap(NEXT)
    await first.page.wait_for_url("**/damage")
    await first.page.locator("textarea[name=damage]").fill("Een deuk")
    await first.tap(NEXT)
    await first.page.wait_for_url("**/photos")
    await first.tap(NEXT)
    await first.page.wait_for_url("**/time")
    job = demo.garage("noord")["jobs"][0]
    await first.go("/nl/status")
    await first.page.locator("input[name=plate]").fill(job["plate"])
    await first.page.locator("input[name=number]").fill(job["number"])
    await first.tap(NEXT)
    await first.page.wait_for_url("**/status/job")
    cookies = await first.page.context.cookies()
    for path in ("/estimate/photos", "/estimate/time", "/status/job"):
        fresh = await people.sit_down("noord", screen=PHONE)
        await fresh.page.context.add_cookies(cookies)  # type: ignore[arg-type]
        requests = await visit(fresh, f"/nl{path}")
        assert fresh.page.url.endswith(f"/nl{path}")
        await assert_within(PORTAL, requests, f"noord.localhost:{demo.port}")


async def test_a_first_view_of_the_desk_is_light(people: People, demo: DemoRun) -> None:
    owner = await people.staff("noord")
    number = demo.garage("noord")["jobs"][0]["number"]
    await owner.go(f"/desk/search?q={number}")
    card = await owner.page.locator("table a").first.get_attribute("href")
    for path in ("/desk", "/desk/jobs", "/desk/planning", "/desk/on-site", card or ""):
        fresh = await people.sit_down("noord")
        await fresh.page.context.add_cookies(await owner.page.context.cookies())  # type: ignore[arg-type]
        requests = await visit(fresh, path)
        await assert_within(STAFF, requests, f"noord.localhost:{demo.port}")


async def test_the_first_view_of_the_workshops_tablet_is_light(
    people: People, demo: DemoRun
) -> None:
    technician = await people.staff("noord", "technician")
    cookies = await technician.page.context.storage_state()
    fresh = await people.sit_down("noord", screen=TABLET, cookies=cookies)
    requests = await visit(fresh, "/desk/workshop")
    await assert_within(TABLET_OF_STAFF, requests, f"noord.localhost:{demo.port}")
