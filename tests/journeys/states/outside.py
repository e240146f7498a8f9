"""States of errors, and of pages inside the garage's own web site."""

from collections.abc import Mapping

import httpx

from core.web.desk.access import PER_ADDRESS
from core.web.garage_app import FORM_LIMIT_BYTES
from tests.garages import Browser
from tests.journeys.states.asking import HERE, asks_everything
from tests.journeys.states.showing import Scene, Shown, opened, sent, state
from tests.plugins.self_service_portal.deciding import decide, reach
from tests.plugins.self_service_portal.talkers import talkers_at
from tests.plugins.self_service_portal.test_embed import FRAME, INSIDE, SITE


def wrong(browser: Browser, method: str, path: str, headers: Mapping[str, str]) -> Shown:
    """A request that no form of ours makes."""

    async def ask(language: str) -> httpx.Response:
        address = path.format(lang=language)
        return await browser.request(method, address, headers=dict(headers))

    return Shown(browser, ask)


@state("core/error.html", "This form is no longer valid", status=403)
async def a_form_without_its_token(scene: Scene) -> Shown:
    return wrong(scene.garage.browser(), "POST", "/{lang}/status", {})


@state("core/error.html", "Please open it in a window of its own.", status=403)
async def a_form_in_a_frame_without_its_cookie(scene: Scene) -> Shown:
    await decide(scene.garage, embed_origins=(SITE,))
    return wrong(scene.garage.browser(), "POST", "/{lang}/estimate/vehicle", INSIDE)


@state("core/error.html", "This address is for a form", status=405)
async def an_address_for_a_form(scene: Scene) -> Shown:
    return wrong(scene.garage.browser(), "GET", "/{lang}/status/messages", {})


@state("core/error.html", "That is too much at once", status=413)
async def a_form_that_is_too_large(scene: Scene) -> Shown:
    values = {"plate": "x" * FORM_LIMIT_BYTES}
    return sent(scene.garage.browser(), "/{lang}/status", values)


@state("core/error.html", "Too many attempts", status=429)
async def too_many_attempts(scene: Scene) -> Shown:
    for _ in range(30):
        await scene.limiter.allows(PER_ADDRESS, "reset", str(scene.garage.tenant.id), HERE)
    values = {"email": "x@example.com"}
    return sent(scene.garage.browser(), "/desk/password", values)


@state("core/error.html", "Something went wrong on our side", status=500)
async def an_error_of_ours(scene: Scene) -> Shown:
    await scene.garage.switch("rude", on=True)
    return opened(scene.garage.browser(), "/rude")


@state("embed_elsewhere.html", "It opens in a window of its own.")
async def a_frame_that_keeps_no_cookie(scene: Scene) -> Shown:
    await decide(scene.garage, embed_origins=(SITE,))

    async def ask(language: str) -> httpx.Response:
        address = f"/{language}/embed/repair?tried=yes"
        return await scene.garage.browser().get(address, headers=FRAME)

    return Shown(scene.garage.browser(), ask)


@state("identify.html", "Open in a window of its own")
async def the_first_page_of_a_frame(scene: Scene) -> Shown:
    await asks_everything(scene.garage, embed_origins=(SITE,))
    return opened(scene.garage.browser(), "/{lang}/pictures", headers=FRAME)


@state("estimate/contact.html", "Open in a window of its own")
async def a_question_in_a_frame(scene: Scene) -> Shown:
    await asks_everything(scene.garage, embed_origins=(SITE,))
    browser = scene.garage.browser()
    await reach(browser, scene.garage, "contact", mileage="12345")
    return opened(browser, "/{lang}/estimate/contact", headers=FRAME)


@state("estimate/time.html", "Open in a window of its own")
async def times_in_a_frame(scene: Scene) -> Shown:
    await decide(scene.garage, embed_origins=(SITE,))
    browser = scene.garage.browser()
    await reach(browser, scene.garage, "time")
    return opened(browser, "/{lang}/estimate/time", headers=FRAME)


@state("status.html", "Open in a window of its own")
async def a_status_in_a_frame(scene: Scene) -> Shown:
    await asks_everything(scene.garage, embed_origins=(SITE,))
    talkers = await talkers_at(scene.garage)
    await talkers.has_quote()
    return opened(talkers.customer, "/{lang}/status/job", headers=FRAME)
