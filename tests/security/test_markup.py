"""Every page that can be read: nothing inline, nothing foreign, every form with its token first.

A strict Content-Security-Policy holds only as long as no page needs an exception from it.
"""

import re
from urllib.parse import urlsplit

import httpx
import pytest
from bs4 import BeautifulSoup, Tag

from core.web.host_router import HostRouter
from core.workshop.planning.calendar_links import GOOGLE, OUTLOOK
from core.workshop.staff.models import ROLES
from tests.garages import Browser, Garage
from tests.security.furnished import Furnished, furnish
from tests.security.routes import routes_of

READERS = ("owner", "planner", "technician", "accountant", "customer", "sender", "stranger")
MAPS = "https://www.google.com/maps/dir/"
ERRORS = ("/desk/nothing-here", "/desk/login/x/y/z", "/xx/estimate", "/en/appointment/unknown")


@pytest.fixture
async def furnished(garage: Garage) -> Furnished:
    """A garage whose every page has something to show."""
    await garage.switch("polite", on=True)
    return await furnish(garage)


async def reader_of(furnished: Furnished, who: str) -> Browser:
    """Somebody who reads pages; a stranger has no cookie at all."""
    if who == "stranger":
        return furnished.garage.browser()
    if who in ROLES:
        return await furnished.garage.staff(who)
    return await furnished.customer(has_sent=who == "sender")


async def pages_of(app: HostRouter, furnished: Furnished, who: str) -> dict[str, httpx.Response]:
    """Address → answer of every page that this reader can open, and of some that are errors."""
    reader = await reader_of(furnished, who)
    addresses = [
        route.filled(furnished.values(route))
        for route in routes_of(app)
        if route.method == "GET" and route.path != "/desk/enter/{token}"
    ]
    answers = {address: await reader.get(address) for address in (*addresses, *ERRORS)}
    return {
        address: answer
        for address, answer in answers.items()
        if answer.headers.get("content-type", "").startswith("text/html") and answer.text
    }


DATA = "application/ld+json"


def inline_parts(soup: BeautifulSoup) -> list[str]:
    """What a strict policy would block: inline scripts, styles and handlers. A script of a type
    that no browser runs is data (HTML, 4.12.1), which no policy is asked about."""
    wrong = [str(tag)[:90] for tag in soup.find_all("style")]
    scripts = soup.find_all(lambda tag: tag.name == "script" and tag.get("type") != DATA)
    wrong += [str(tag)[:90] for tag in scripts if tag.text or not tag.get("src")]
    for tag in soup.find_all(True):
        handlers = [name for name in tag.attrs if name == "style" or name.startswith("on")]
        wrong += [f"<{tag.name} {name}>" for name in handlers]
    return wrong


def is_link_out(tag: Tag) -> bool:
    """Whether it only leads to one of the calendars on the web, or to a map with the way to the
    garage, and does not say from where."""
    is_known = str(tag.get("href", "")).startswith((f"{GOOGLE}?", f"{OUTLOOK}?", f"{MAPS}?"))
    return tag.name == "a" and is_known and "noreferrer" in (tag.get("rel") or ())


def tells_engines(tag: Tag, host: str) -> bool:
    """Whether it only names a page of our own to search engines, which want whole addresses."""
    is_ours = str(tag.get("href", "")).startswith(f"https://{host}/")
    return tag.name == "link" and tag.get("rel") in (["canonical"], ["alternate"]) and is_ours


def foreign_addresses(soup: BeautifulSoup, host: str) -> list[str]:
    """Addresses of other hosts, and those that are scripts."""
    wrong = []
    innocent = (is_link_out, lambda tag: tells_engines(tag, host))
    for tag in soup.find_all(lambda tag: not any(each(tag) for each in innocent)):
        for name in ("src", "href", "action", "formaction", "srcset", "poster", "data"):
            value = str(tag.get(name, ""))
            parts = urlsplit(value)
            if parts.netloc or parts.scheme not in {"", "tel", "mailto"}:
                wrong.append(f"<{tag.name} {name}={value}>")
    return wrong


def forms_without_token(soup: BeautifulSoup) -> list[str]:
    """Forms that post without their token as the very first field."""
    wrong = []
    for form in soup.select("form[method=post i]"):
        first = form.find(["input", "select", "textarea", "button"])
        if not isinstance(first, Tag) or first.get("name") != "csrf_token":
            wrong.append(str(form)[:120])
    return wrong


@pytest.mark.parametrize("who", READERS)
async def test_no_page_needs_an_exception_from_the_strict_policy(
    app: HostRouter, furnished: Furnished, who: str
) -> None:
    pages = await pages_of(app, furnished, who)
    wrong = []
    for address, answer in pages.items():
        soup = BeautifulSoup(answer.text, "html.parser")
        wrong += [
            f"{address}: {each}"
            for each in (
                *inline_parts(soup),
                *foreign_addresses(soup, furnished.garage.host),
                *forms_without_token(soup),
            )
        ]
    assert not wrong, "\n".join(wrong)
    assert len(pages) >= {"owner": 17, "technician": 8, "customer": 20, "sender": 18}.get(who, 12)


@pytest.mark.parametrize("who", READERS)
async def test_every_page_says_its_language_its_title_and_its_one_heading(
    app: HostRouter, furnished: Furnished, who: str
) -> None:
    wrong = []
    parts = {route.path for route in routes_of(app) if route.is_fragment}
    for address, answer in (await pages_of(app, furnished, who)).items():
        if address in parts:
            continue  # it is put into a page that says all that
        soup = BeautifulSoup(answer.text, "html.parser")
        says = (
            soup.html is not None and soup.html.get("lang") in {"en", "nl"},
            bool(soup.title and soup.title.text.strip()),
            len(soup.find_all("h1")) == 1,
            not re.search(r"\{\{|\}\}|Undefined| object at 0x", soup.get_text(" ")),
        )
        if not all(says):
            wrong.append(f"{address}: {says}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", READERS)
async def test_no_page_has_two_elements_of_one_id_or_a_label_for_nothing(
    app: HostRouter, furnished: Furnished, who: str
) -> None:
    wrong = []
    for address, answer in (await pages_of(app, furnished, who)).items():
        soup = BeautifulSoup(answer.text, "html.parser")
        ids = [str(tag["id"]) for tag in soup.select("[id]")]
        labels = [str(tag["for"]) for tag in soup.select("label[for]")]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        lost = sorted(set(labels) - set(ids))
        if twice or lost:
            wrong.append(f"{address}: twice {twice}, for nothing {lost}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", READERS)
async def test_no_page_leads_to_an_address_that_does_not_exist(
    app: HostRouter, furnished: Furnished, who: str
) -> None:
    links = set()
    for answer in (await pages_of(app, furnished, who)).values():
        if answer.status_code == 200:
            soup = BeautifulSoup(answer.text, "html.parser")
            links |= {str(tag["href"]) for tag in soup.select("a[href^='/'], link[href]")}
            links |= {str(tag["src"]) for tag in soup.select("[src]")}
    reader = await reader_of(furnished, who)
    answers = {link: await reader.get(link) for link in sorted(links)}
    dead = [link for link, answer in answers.items() if answer.status_code not in {200, 303}]
    assert not dead, "\n".join(dead)
    assert len(links) > 20
