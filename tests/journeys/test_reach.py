"""The portal on the garage's own web site, on paper, and on a phone without a connection."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, FrameLocator, Page, Route, async_playwright, expect

from tests import browser as chromium
from tests import commands
from tests.demo_run import ROOT, DemoRun
from tests.journeys.conftest import OPTIONS
from tests.journeys.people import (
    DESKTOP,
    LONGEST_SECONDS,
    NARROW,
    PHONE,
    PHOTOS,
    WCAG,
    People,
    Person,
    every_process_follows,
)
from tests.waiting import until

BLOCKING = "--test-third-party-cookie-phaseout"
"""As Chromium is without third-party cookies: only partitioned ones are kept in frames."""
KEPT = """async () => ({
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  caches: (await caches.keys()).length,
  paths: (await Promise.all((await caches.keys()).map(async (name) =>
    (await (await caches.open(name)).keys()).map((each) => new URL(each.url).pathname)))).flat(),
})"""
INITIAL_HEIGHT = 200


class Site:
    """A garage's own web site: another server, with one page that shows the portal."""

    def __init__(self, demo: DemoRun, port: int) -> None:
        self.demo = demo
        self.port = port

    def url(
        self,
        *,
        host: str = "localhost",
        start: str = "estimate",
        scripts: bool = True,
        language: str = "en",
    ) -> str:
        """The page with that entry in it."""
        asked = {"start": start, "scripts": int(scripts), "lang": language}
        return f"http://{host}:{self.port}/?{urlencode(asked)}"

    def page(self, query: str) -> bytes:
        """What the site answers."""
        asked = {"start": "estimate", "lang": "en", "scripts": "0"}  # as for its icon
        asked.update(parse_qsl(urlsplit(query).query))
        frame = self.demo.url("noord", f"/{asked['lang']}/embed/{asked['start']}")
        address = self.demo.url("noord", "/embed.js")
        script = f'<script src="{address}" async></script>' if asked["scripts"] == "1" else ""
        return (
            "<!doctype html><html lang=en><title>Our garage</title><h1>Our garage</h1>"
            f'<iframe id="portal" title="Portal" src="{frame}" width="100%"'
            f' height="{INITIAL_HEIGHT}"></iframe>{script}'
        ).encode()


@contextmanager
def running_site(demo: DemoRun) -> Iterator[Site]:
    """Serve the site until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = site.page(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(demo, server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
async def strict_chrome() -> AsyncIterator[Browser]:
    """A Chromium that keeps no third-party cookies."""
    path = chromium.find()
    assert path is not None, "no browser"
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    async with async_playwright() as playwright:
        arguments = [*OPTIONS, *sandbox, BLOCKING]
        running = await playwright.chromium.launch(executable_path=path, args=arguments)
        yield running
        await running.close()


@pytest.fixture
async def site(people: People, demo: DemoRun) -> AsyncIterator[Site]:
    """The garage's own site; its owner has allowed it, under one of its two names."""
    with running_site(demo) as running:
        owner = await people.staff("noord")
        await owner.go("/desk/portal")
        await owner.fill("Web sites that may show it", f"http://localhost:{running.port}")
        await owner.press("Save")
        await owner.sees("Saved. Customers see it now.")
        await owner.finds_no_barrier()
        await every_process_follows()
        yield running


async def visit(
    chrome: Browser,
    address: str,
    *,
    screen: dict[str, int] = DESKTOP,
    routed: tuple[str, Callable[[Route], Awaitable[None]]] | None = None,
) -> tuple[Page, FrameLocator, list[str]]:
    """Open the site; its page, the portal in it, and what the browser complains about."""
    context = await chrome.new_context(viewport=screen, locale="en")  # type: ignore[arg-type]
    if routed:
        await context.route(*routed)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await page.goto(address)
    return page, page.frame_locator("#portal"), complaints


async def height_of(page: Page) -> float:
    """How high the frame is."""
    box = await page.locator("#portal").bounding_box()
    assert box is not None
    return box["height"]


async def fits(page: Page) -> None:
    """The frame is as high as what is in it: nothing scrolls inside."""
    inside = next(frame for frame in page.frames if "noord" in frame.url)

    async def fit() -> bool:
        content: float = await inside.evaluate("document.querySelector('.portal').offsetHeight")
        return abs(await height_of(page) - content) < 8 and content > INITIAL_HEIGHT

    await until(fit, seconds=LONGEST_SECONDS)


async def test_a_customer_books_inside_the_garages_own_site_without_third_party_cookies(
    strict_chrome: Browser, site: Site
) -> None:
    page, portal, complaints = await visit(strict_chrome, site.url())
    heading = portal.get_by_role("heading", level=1)
    await expect(heading).to_have_text("Which vehicle is it about?")
    await fits(page)
    first = await height_of(page)
    await portal.get_by_label("Registration plate").fill("1-EMB-123")
    await portal.get_by_role("button", name="Next »").click()
    await expect(heading).to_have_text("What happened?")
    await fits(page)
    assert await height_of(page) > first
    await portal.get_by_label("What happened, and what is damaged?").fill("A scratch")
    await portal.get_by_role("button", name="Next »").click()
    await expect(heading).to_have_text("Photos of the damage")
    await portal.get_by_label("Your photos").set_input_files(PHOTOS / "landscape_6.jpg")
    await expect(portal.get_by_text("Received", exact=True)).to_have_count(1)
    await portal.get_by_role("button", name="Next »").click()
    await portal.get_by_role("button", name="Earliest").click()
    await portal.get_by_label("Name").fill("Emma Embedded")
    await portal.get_by_label("E-mail address").fill("emma@example.com")
    await portal.get_by_role("button", name="Next »").click()
    await expect(heading).to_have_text("Check your answers")
    await portal.get_by_role("button", name="Send and book").click()
    await expect(heading).to_contain_text("Thank you")
    await fits(page)
    await portal.get_by_role("link", name="View repair status").click()
    await expect(heading).to_have_text("Your repair")
    assert page.url == site.url()
    assert not complaints
    cookies = await page.context.cookies()
    assert {cookie.get("partitionKey") for cookie in cookies} == {"http://localhost"}


async def finds_no_barrier_inside(page: Page) -> None:
    """axe finds nothing in the frame, and it does not scroll sideways."""
    inside = next(frame for frame in page.frames if "noord" in frame.url)
    await inside.wait_for_load_state()
    found = (await Axe().run(inside, options=WCAG)).response  # type: ignore[arg-type]
    assert not found["violations"], found["violations"]
    assert await inside.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("language", "start", "heading"),
    [
        ("nl", "estimate", "Over welk voertuig gaat het?"),
        ("fr", "repair", "Prendre rendez-vous pour la réparation"),
        ("de", "status", "Reparaturstatus ansehen"),
        ("en", "pictures", "Add pictures"),
    ],
)
async def test_the_frame_speaks_the_language_of_the_site_and_has_no_barrier(
    strict_chrome: Browser, site: Site, language: str, start: str, heading: str
) -> None:
    page, portal, complaints = await visit(
        strict_chrome, site.url(language=language, start=start), screen=NARROW
    )
    await expect(portal.get_by_role("heading", level=1)).to_have_text(heading)
    await expect(portal.locator("html")).to_have_attribute("lang", language)
    await fits(page)
    await finds_no_barrier_inside(page)
    assert not complaints


async def test_a_frame_that_may_keep_no_cookies_opens_the_entry_in_a_window_of_its_own(
    strict_chrome: Browser, site: Site
) -> None:
    async def keep_no_cookie(route: Route) -> None:
        asked = urlsplit(route.request.url)
        sent = {"sec-fetch-dest": "iframe", "host": asked.netloc, "accept-encoding": "identity"}
        async with httpx.AsyncClient() as client:
            address = asked._replace(netloc=f"127.0.0.1:{asked.port}").geturl()
            answer = await client.get(address, headers=sent)
        kept = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
        await route.fulfill(status=answer.status_code, headers=kept, body=answer.content)

    page, portal, complaints = await visit(
        strict_chrome, site.url(), screen=NARROW, routed=("**/en/embed/**", keep_no_cookie)
    )
    await expect(portal.get_by_text("It opens in a window of its own.")).to_be_visible()
    await finds_no_barrier_inside(page)
    async with page.expect_popup() as opening:
        await portal.get_by_role("link", name="Open", exact=True).click()
    own = await opening.value
    await expect(own.get_by_role("heading", level=1)).to_have_text("Which vehicle is it about?")
    assert not complaints


async def test_a_form_whose_cookie_is_lost_in_the_frame_says_what_to_do(
    strict_chrome: Browser, site: Site
) -> None:
    page, portal, complaints = await visit(strict_chrome, site.url())
    await portal.get_by_label("Registration plate").fill("1-EMB-124")
    await page.context.clear_cookies()
    await portal.get_by_role("button", name="Next »").click()
    await expect(portal.get_by_text("Your browser did not keep what the form")).to_be_visible()
    await finds_no_barrier_inside(page)
    async with page.expect_popup() as opening:
        await portal.get_by_role("link", name="Open in a window of its own").click()
    own = await opening.value
    await expect(own.locator(".entry-card").first).to_be_visible()
    assert [each for each in complaints if "status of 403" not in each] == []


async def test_without_scripts_the_frame_keeps_its_height(
    strict_chrome: Browser, site: Site
) -> None:
    page, portal, complaints = await visit(strict_chrome, site.url(scripts=False))
    await expect(portal.get_by_role("heading", level=1)).to_be_visible()
    assert INITIAL_HEIGHT <= await height_of(page) <= INITIAL_HEIGHT + 8
    assert not complaints


async def test_a_site_that_is_not_allowed_shows_nothing(strict_chrome: Browser, site: Site) -> None:
    page, portal, complaints = await visit(strict_chrome, site.url(host="127.0.0.1"))

    async def is_refused() -> bool:
        return any("frame-ancestors" in text for text in complaints)

    await until(is_refused, seconds=LONGEST_SECONDS)
    await expect(portal.get_by_role("heading", level=1)).to_have_count(0)
    assert not [frame for frame in page.frames if "noord" in frame.url]


async def switch(demo: DemoRun, verb: str) -> None:
    """Support switches the portal of noord, in a second terminal."""
    words = ("plugins", verb, "self_service_portal", "--garage", "noord", "--reason", "a journey")
    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "core", *words],
        cwd=ROOT,
        env=demo.environment(),
        stdout=subprocess.DEVNULL,
        timeout=commands.LONGEST_SECONDS,
        check=True,
    )
    await every_process_follows()


async def kept(person: Person) -> dict[str, Any]:
    """What the portal keeps in a browser."""
    found: dict[str, Any] = await person.page.evaluate(KEPT)
    return found


async def installed(person: Person) -> None:
    """The worker has everything that it keeps."""
    await person.page.evaluate("navigator.serviceWorker.ready.then(() => true)")


async def test_without_a_connection_the_portal_says_so_and_nothing_about_anybody_is_kept(
    people: People, demo: DemoRun
) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    await customer.go("/nl")
    await installed(customer)
    assert not customer.complaints  # the strict policy has nothing against structured data
    job = demo.garage("noord")["jobs"][1]
    await customer.go("/nl/status")
    await customer.page.locator("input[name=plate]").fill(job["plate"])
    await customer.page.locator("input[name=number]").fill(job["number"])
    await customer.page.locator("button.primary").click()
    await customer.page.wait_for_url("**/status/job")
    found = await kept(customer)
    assert "/nl/offline" in found["paths"]
    assert {path.split("/")[1] for path in found["paths"]} == {"nl", "static", "theme"}
    await customer.page.context.set_offline(True)
    await customer.go("/nl/status/job")
    await customer.reads_heading("U bent offline")
    await expect(customer.page.get_by_role("link", name="+32 3 555 01 20").first).to_be_visible()
    await customer.picture("portal-offline")
    await customer.page.context.set_offline(False)
    await customer.go("/nl/status/job")
    await customer.reads_heading("Uw herstelling")


async def test_a_phone_may_install_the_portal(people: People) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    await customer.go("/nl")
    await installed(customer)
    browser = await customer.page.context.new_cdp_session(customer.page)
    manifest = await browser.send("Page.getAppManifest")
    problems = await browser.send("Page.getInstallabilityErrors")
    found = {each["errorId"] for each in problems["installabilityErrors"]}
    assert manifest["url"].endswith("/nl/app.webmanifest")
    assert manifest["errors"] == []
    assert found <= {"in-incognito"}, "which is what a window of a test is"


async def test_a_portal_that_is_switched_off_leaves_nothing_in_the_browser(
    people: People, demo: DemoRun
) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    await customer.go("/en")
    await installed(customer)
    assert (await kept(customer))["workers"] == 1
    await switch(demo, "disable")
    try:
        await customer.go("/en")
        await customer.reads_heading("There is nothing at this address")

        async def has_left() -> bool:
            return not (await kept(customer))["workers"]

        await until(has_left, seconds=LONGEST_SECONDS)
        assert await kept(customer) == {"workers": 0, "caches": 0, "paths": []}
    finally:
        await switch(demo, "enable")


async def test_a_camera_reads_the_codes_on_the_card_and_on_a_jobs_sheet(
    people: People, demo: DemoRun
) -> None:
    owner = await people.staff("noord")
    await owner.go("/desk/portal/card")
    assert (await owner.scan("svg.qr")).startswith(demo.url("noord", "/s/"))
    file = await owner.page.evaluate(
        "fetch('/desk/portal/qr/status.svg').then((answer) => answer.text())"
    )
    await owner.page.set_content(f'<div id="file">{file.partition("?>")[2]}</div>')
    assert await owner.scan("#file svg") == demo.url("noord", "/s/s")
    job = demo.garage("noord")["jobs"][0]
    await owner.go(f"/desk/search?q={job['number']}")
    await owner.page.locator("table a").first.click()
    await owner.follow("Job sheet")
    await owner.page.emulate_media(media="print")
    number = job["number"].replace("-", "")
    assert await owner.scan(".print-code svg.qr") == demo.url("noord", f"/s/{number}")
