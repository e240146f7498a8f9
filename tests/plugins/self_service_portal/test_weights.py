"""What each page of the portal costs whoever opens it first, in bytes and requests; nothing of it
comes from elsewhere. The journeys weigh some of them in a real browser too."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.budgets import PORTAL, Budget
from tests.garages import Browser, Garage
from tests.plugins.self_service_portal.deciding import decide
from tests.plugins.self_service_portal.test_embed import SITE
from tests.plugins.self_service_portal.test_query_counts import MOST, browsers, fill

LOADED = (
    ("link[rel~=stylesheet], link[rel~=preload], link[rel~=modulepreload]", "href"),
    ("link[rel~=icon]", "href"),
    ("script[src], img[src], iframe[src], source[src], video[src], audio[src]", "src"),
    ("object[data]", "data"),
    ("use[href]", "href"),
)
"""What a browser fetches by itself for what it finds in a page."""
IN_STYLES = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""")
IN_SCRIPTS = re.compile(r"""\bimport\s*(?:[\w{}*,\s]+from\s*)?["']([^"']+)["']""")
PAGES = [page for page in MOST if not page.startswith("POST ")]


def loaded_by(kind: str, text: str) -> Iterator[str]:
    """The addresses that an answer makes a browser fetch, as they are written in it."""
    if "html" in kind:
        page = BeautifulSoup(text, "html.parser")
        for selector, attribute in LOADED:
            yield from (str(each[attribute]) for each in page.select(selector))
        for each in page.select("style, [style]"):
            yield from IN_STYLES.findall(each.text + str(each.get("style", "")))
    elif "css" in kind:
        yield from IN_STYLES.findall(text)
    elif "javascript" in kind:
        yield from IN_SCRIPTS.findall(text)


async def weigh(browser: Browser, path: str) -> tuple[Budget, set[str]]:
    """What the page costs with all that it loads, and which hosts it asks."""
    waiting, seen, hosts = [urljoin(str(browser.base_url), path)], set[str](), set[str]()
    total = scripts = 0
    while waiting:
        address = waiting.pop().partition("#")[0]
        if address in seen or not address.startswith("http") or "/photos/" in address:
            continue
        seen.add(address)
        hosts.add(urlsplit(address).netloc)
        if urlsplit(address).netloc != urlsplit(str(browser.base_url)).netloc:
            continue
        answer = await browser.get(address)
        assert answer.status_code == 200, address
        kind = answer.headers.get("content-type", "")
        total += answer.num_bytes_downloaded
        scripts += answer.num_bytes_downloaded if "javascript" in kind else 0
        waiting += [urljoin(address, each) for each in loaded_by(kind, answer.text)]
    return Budget(total, scripts, len(seen)), hosts


def test_what_pages_load_is_found() -> None:
    page = '<link rel="stylesheet" href="a.css"><img src="b.png"><a href="https://c.test">c</a>'
    assert list(loaded_by("text/html", page)) == ["a.css", "b.png"]
    assert list(loaded_by("text/css", '@import "a.css"; b { src: url(c.woff2) }')) == [
        "a.css",
        "c.woff2",
    ]
    script = 'import { a } from "./a.js"; import "./b.js"; const c = "https://d.test"'
    assert list(loaded_by("text/javascript", script)) == ["./a.js", "./b.js"]


@pytest.mark.parametrize("language", ["nl", "fr"])
async def test_every_page_is_light_when_it_is_opened_first_and_loads_nothing_from_elsewhere(
    garage: Garage, language: str
) -> None:
    await decide(garage, embed_origins=(SITE,))
    job, addresses = await fill(garage, 3)
    seats = await browsers(garage, job, 3)
    too_heavy, elsewhere = {}, {}
    for page in PAGES:
        seat, _, address = page.rpartition(": ")
        path = address.format(**addresses).replace("/en", f"/{language}", 1)
        cost, hosts = await weigh(seats[seat], path)
        assert 0 < cost.script_bytes < cost.bytes, (page, "nothing is measured")
        if (
            cost.bytes > PORTAL.bytes
            or cost.script_bytes > PORTAL.script_bytes
            or cost.requests > PORTAL.requests
        ):
            too_heavy[page] = cost
        if hosts != {garage.host}:
            elsewhere[page] = hosts
    assert too_heavy == {}
    assert elsewhere == {}
