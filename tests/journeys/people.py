"""Persons at browsers: a customer on a phone, staff at a desk, support at the vendor."""

import asyncio
import os
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import pyotp
import zxingcpp
from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from core.clock import now
from tenants.epoch import LOOK_SECONDS
from tests.demo_run import DemoRun

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
TABLET = {"width": 1024, "height": 768}
TABLET_UPRIGHT = {"width": 768, "height": 1024}
NARROW = {"width": 320, "height": 640}
PHOTOS = Path(__file__).resolve().parents[2] / "core" / "demo" / "photos"
BAD_PHOTOS = Path(__file__).resolve().parents[1] / "photos" / "bad"
ONLY_WHAT_IS_WRONG = {"resultTypes": ["violations"]}
"""axe writes nothing down about what is right, which takes it longer than finding it."""
WCAG = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    **ONLY_WHAT_IS_WRONG,
}
CONTRAST = {"runOnly": ["color-contrast"], **ONLY_WHAT_IS_WRONG}
TOO_SMALL_FOR_A_THUMB = """
() => [...document.querySelectorAll(
    "a, button, summary, select, textarea, input, label.check, label.choice")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && getComputedStyle(each).display !== "inline" && !each.matches(".skip")
    && !(each.matches("input") && each.closest("label, .chooser")))
  .map((each) => [each, each.getBoundingClientRect()])
  .filter(([, box]) => Math.round(box.width) < 44 || Math.round(box.height) < 44)
  .map(([each, { width, height }]) =>
    `${Math.round(width)} x ${Math.round(height)}: ${each.outerHTML.slice(0, 160)}`)
"""
"""Links in running text are inline, and are as high as their line; a field in a label is pressed
with it."""
POLICY = "Content Security Policy"
REPORT_POLICY = f"""
addEventListener("securitypolicyviolation", (event) =>
  console.error("{POLICY}: " + event.violatedDirective + " " + event.blockedURI));
"""
"""Chromium says most of it by itself, but not all."""

expect.set_options(timeout=30_000)
LONGEST_SECONDS = 60.0
"""For what the worker does, or a browser beside its pages."""


async def every_process_follows() -> None:
    """Support or an owner has changed what a garage has: by now each web process knows, as it
    promises, whichever of them answers next."""
    await asyncio.sleep(LOOK_SECONDS)


class Sight:
    """A page as somebody sees it; everything that the browser complains about is kept."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.policy_reports: list[str] = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def has_it_all(self) -> None:
        """The page is read to its end, with its scripts and style sheets: whoever counts on it or
        presses keys waits for that, as a click is over when the next page begins."""
        await self.page.wait_for_load_state()

    async def picture(self, name: str) -> None:
        """Keep a screenshot where `SCREENSHOTS` says, if it says."""
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            await self.page.screenshot(
                path=f"{folder}/{name}.png", full_page=False, animations="disabled"
            )

    async def finds_no_barrier(self) -> None:
        """axe finds nothing, and the page does not scroll sideways."""
        await self._axe(WCAG)
        await self.scrolls_down_only()

    async def finds_no_barrier_in_the_dark(self) -> None:
        """Colours are all that differs there: enough contrast, and light again afterwards."""
        await self.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        await self._axe(CONTRAST)
        await self.page.emulate_media(color_scheme="light", reduced_motion="null")

    async def scrolls_down_only(self) -> None:
        """Nothing is wider than the screen."""
        await self.has_it_all()
        sideways = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert sideways <= 0, f"{self.page.url} scrolls {sideways} px sideways"

    async def finds_everything_large_enough(self) -> None:
        """Whatever is pressed is 44 px wide and high."""
        await self.has_it_all()
        small: list[str] = await self.page.evaluate(TOO_SMALL_FOR_A_THUMB)
        assert not small, f"{self.page.url}\n" + "\n".join(small)

    async def _axe(self, options: dict[str, Any]) -> None:
        await self.has_it_all()
        if await self.page.evaluate("typeof axe === 'undefined'"):
            await self.page.evaluate(AXE_SCRIPT)
        found: dict[str, Any] = await self.page.evaluate("(wish) => axe.run(wish)", options)
        problems = [
            f"{violation['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
        assert not problems, f"{self.page.url}\n" + "\n".join(problems)

    def _listen(self, message: ConsoleMessage) -> None:
        if POLICY in message.text:
            self.policy_reports.append(f"{self.page.url}: {message.text}")
        if message.type == "error":
            self.complaints.append(message.text)


class Person(Sight):
    """Somebody at a browser."""

    def __init__(self, page: Page, demo: DemoRun, host: str) -> None:
        super().__init__(page)
        self.demo = demo
        self.host = host
        self.taps = 0

    async def go(self, path: str) -> None:
        """Open a page of the person's site."""
        await self.page.goto(self.demo.url(self.host, path))

    async def sees(self, text: str) -> None:
        """The text is somewhere on the page."""
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def reads_heading(self, text: str) -> None:
        """The page's first heading."""
        await expect(self.page.get_by_role("heading", level=1)).to_contain_text(text)

    async def press(self, name: str) -> None:
        """A button, by its name."""
        await self.page.get_by_role("button", name=name).first.click()

    async def follow(self, name: str) -> None:
        """A link, by its name."""
        await self.page.get_by_role("link", name=name).first.click()

    async def tap(self, selector: str) -> None:
        """Press the first thing that fits, in any language; counted."""
        self.taps += 1
        await self.page.locator(selector).first.click()

    async def fill(self, label: str, text: str) -> None:
        """A field, by its label."""
        await self.page.get_by_label(label).first.fill(text)

    async def scan(self, selector: str) -> str:
        """What a camera reads from the code there, by another library than drew it."""
        seen = await self.page.locator(selector).first.screenshot()
        with Image.open(BytesIO(seen)) as picture:
            (code,) = zxingcpp.read_barcodes(picture.convert("L"))
        found: str = code.text
        return found


class People:
    """Sits persons down at browsers of their own."""

    def __init__(self, chrome: Browser, demo: DemoRun) -> None:
        self._chrome = chrome
        self._demo = demo
        self._contexts: list[BrowserContext] = []
        self._persons: list[Person] = []

    async def sit_down(
        self,
        host: str,
        *,
        screen: dict[str, int] = DESKTOP,
        scripts: bool = True,
        colours: Literal["light", "dark"] = "light",
        language: str = "en",
        cookies: Any = None,
    ) -> Person:
        """A browser window of its own, without any cookie but `cookies`, as a login left them."""
        is_touched = screen["width"] < 500 or screen in (TABLET, TABLET_UPRIGHT)
        context = await self._chrome.new_context(
            storage_state=cookies,
            viewport=screen,  # type: ignore[arg-type]  # a plain dict does
            java_script_enabled=scripts,
            color_scheme=colours,
            locale=language,
            timezone_id="Europe/Brussels",
            has_touch=is_touched,
            is_mobile=is_touched,
        )
        await context.add_init_script(REPORT_POLICY)
        self._contexts.append(context)
        page = await context.new_page()
        # From the start, as Chromium may still be told about choosers when a key opens one.
        page.on("filechooser", lambda _: None)
        person = Person(page, self._demo, host)
        self._persons.append(person)
        return person

    async def staff(self, host: str, role: str = "owner", **options: Any) -> Person:
        """Somebody of a garage, logged in; the first of a role by the form, later ones too by
        what it left in the first one's browser."""
        kept = self._demo.cookies.get((host, role))
        person = await self.sit_down(host, cookies=kept, **options)
        if kept:
            await person.go("/desk")
        else:
            email, password = self._demo.login(host, role)
            await person.go("/language/en")
            await person.go("/desk/login")
            await person.fill("E-mail address", email)
            await person.fill("Password", password)
            await person.press("Log in")
        return await self._logged_in(person, (host, role), "**/desk")

    async def support(self, **options: Any) -> Person:
        """Somebody of the vendor, logged in with their second factor; the same way."""
        kept = self._demo.cookies.get(("support", ""))
        person = await self.sit_down("support", cookies=kept, **options)
        if kept:
            await person.go("/garages")
        else:
            login = self._demo.facts["support"]
            await person.go("/language/en")
            await person.fill("E-mail address", login["email"])
            await person.fill("Password", login["password"])
            await person.fill("Code", await self._fresh_code(login["totp_secret"]))
            await person.press("Log in")
        return await self._logged_in(person, ("support", ""), "**/garages")

    async def _logged_in(self, person: Person, seat: tuple[str, str], target: str) -> Person:
        await person.page.wait_for_url(target)
        self._demo.cookies[seat] = await person.page.context.storage_state()
        return person

    async def _fresh_code(self, secret: str) -> str:
        """A code that was not used yet; each opens once, the next one is taken early."""
        totp = pyotp.TOTP(secret)
        step = max(totp.timecode(now()), self._demo.used_code + 1)
        await asyncio.sleep(max(0.0, (step - 1) * totp.interval - now().timestamp()))
        self._demo.used_code = step
        return totp.generate_otp(step)

    async def leave(self) -> None:
        """Close all windows. Whatever the journey was: no page broke its own policy."""
        for context in self._contexts:
            await context.close()
        reports = [report for person in self._persons for report in person.policy_reports]
        assert not reports, "\n".join(reports)
