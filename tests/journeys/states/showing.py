"""A state of a page: made in process, asked for in any language, drawn by a real browser."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from playwright.async_api import Page, Route

from core.clock import frozen, now
from core.web.limits import Limiter
from tests.garages import Browser, Garage, Outbox
from tests.journeys.flows import UNFOLD
from tests.journeys.people import Sight

Files = Sequence[tuple[str, tuple[str, bytes, str]]]
HORIZON = 8
"""Days ahead that customers are offered: more of the same would only take longer to look at."""
KEPT_APART = ("content-encoding", "content-length", "set-cookie", "transfer-encoding")
"""Of an answer that is handed on: the browser in process has read it already."""
ANYWHERE = "/en/status"
"""A page with a form: its token fits every form that its browser is shown."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What states are made of: a garage of their own, its worker, and the counts of limits."""

    garage: Garage
    outbox: Outbox
    limiter: Limiter

    async def near(self, limit: str, name: str, *more: str) -> None:
        """Use half of a limit up, from where a piece of work is asked for; counted per garage."""
        for _ in range((int(limit.partition("/")[0]) + 1) // 2):
            await self.limiter.allows(limit, name, str(self.garage.tenant.id), *more)


@dataclass(frozen=True, slots=True)
class Shown:
    """Who looks, and what they ask for in a language, and when."""

    browser: Browser
    ask: Callable[[str], Awaitable[httpx.Response]]
    at: datetime | None = None

    async def answer(self, language: str) -> httpx.Response:
        """The page in that language."""
        with frozen(self.at or now()):
            return await self.ask(language)


@dataclass(frozen=True, slots=True)
class State:
    """A state of a page: which template it is of, what it says in English, with which status."""

    name: str
    template: str
    says: str
    status: int
    make: Callable[[Scene], Awaitable[Shown]]


STATES: list[State] = []


def state(
    template: str, says: str, *, status: int = 200
) -> Callable[[Callable[[Scene], Awaitable[Shown]]], Callable[[Scene], Awaitable[Shown]]]:
    """Put a state into the table; its name is the function's."""

    def keep(make: Callable[[Scene], Awaitable[Shown]]) -> Callable[[Scene], Awaitable[Shown]]:
        STATES.append(State(make.__name__, template, says, status, make))
        return make

    return keep


def opened(
    browser: Browser,
    path: str,
    *,
    at: datetime | None = None,
    headers: Mapping[str, str] | None = None,
) -> Shown:
    """A page at an address, with `{lang}` in it where it has one; the desk's have none."""

    async def ask(language: str) -> httpx.Response:
        if "{lang}" not in path:
            await browser.get(f"/language/{language}")
        return await browser.get(path.format(lang=language), headers=headers)

    return Shown(browser, ask, at)


def sent(
    browser: Browser,
    path: str,
    values: Mapping[str, Any] | None = None,
    *,
    files: Files = (),
    page: str = ANYWHERE,
    at: datetime | None = None,
) -> Shown:
    """What answers a form, sent once in every language. `page` is where its token comes from."""

    async def ask(language: str) -> httpx.Response:
        if "{lang}" not in path:
            await browser.get(f"/language/{language}")
        return await browser.submit(
            path.format(lang=language), dict(values or {}), page=page, files=files, follow=False
        )

    return Shown(browser, ask, at)


class Window(Sight):
    """A window of Chromium behind which there is no network: the application answers in process.
    What it gets is what any browser gets, with its headers, scripts and style sheets."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._shown: Shown | None = None
        self._answer: httpx.Response | None = None
        self._kept: dict[str, httpx.Response] = {}

    async def show(self, shown: Shown, answer: httpx.Response) -> None:
        """Draw a page that was asked for, with everything that can be unfolded."""
        self._shown, self._answer = shown, answer
        await self.page.goto(str(answer.url))
        await self.has_it_all()
        await self.page.evaluate(UNFOLD)

    async def serve(self, route: Route) -> None:
        """Answer a request of the page: the page itself as it was asked for, else a GET."""
        assert self._shown is not None
        assert self._answer is not None
        answer = self._answer
        if not route.request.is_navigation_request():
            answer = await self._beside(route.request.url)
        elif route.request.frame.parent_frame is not None:
            headers = {"Sec-Fetch-Dest": "iframe"}
            answer = await self._shown.browser.get(route.request.url, headers=headers)
        kept = {name: text for name, text in answer.headers.items() if name not in KEPT_APART}
        await route.fulfill(status=answer.status_code, headers=kept, body=answer.content)

    async def _beside(self, address: str) -> httpx.Response:
        """A style sheet, script or picture; what may be kept for ever is asked for once, as by any
        browser, which does not keep by itself where its requests are answered here."""
        assert self._shown is not None
        if address not in self._kept:
            answer = await self._shown.browser.get(address)
            if "immutable" not in answer.headers.get("cache-control", ""):
                return answer
            self._kept[address] = answer
        return self._kept[address]
