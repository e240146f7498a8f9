"""The portal in a frame of the garage's own web site: for whom, on which pages, with which
cookies."""

import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.web.headers import HEADERS, POLICY
from core.web.host_router import HostRouter
from plugins.self_service_portal.embed_origins import MOST, origins_in
from plugins.self_service_portal.look import Look
from tests.garages import Browser, Garage
from tests.plugins.self_service_portal.deciding import DESK, decide, save
from tests.security.furnished import furnish
from tests.security.routes import routes_of

SITE = "https://www.garage.example"
FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}
INSIDE = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}
FRAMED = {"estimate", "repair", "status", "pictures"}
NEVER_FRAMED = ("/status/quotes/", "/status/link/", "/pictures/link/")


@pytest.fixture
async def embedded(garage: Garage) -> Garage:
    """A garage whose own site may show the portal."""
    await decide(garage, embed_origins=(SITE, "http://localhost:8080"))
    return garage


def framers(policy: str) -> str:
    """Who may frame a page, says its policy."""
    lines = {name: who for name, _, who in (line.partition(" ") for line in policy.split("; "))}
    return lines["frame-ancestors"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://www.garage.example", (SITE,)),
        ("  HTTPS://WWW.Garage.Example/  ", (SITE,)),
        ("https://www.garage.example:443", (SITE,)),
        ("https://www.garage.example:8443", (f"{SITE}:8443",)),
        ("https://garage-münchen.example", ("https://xn--garage-mnchen-3ob.example",)),
        (
            "http://localhost:8080\n\nhttp://127.0.0.1",
            ("http://localhost:8080", "http://127.0.0.1"),
        ),
        (f"{SITE}\n{SITE}/", (SITE,)),
        ("", ()),
    ],
)
def test_addresses_are_kept_as_browsers_send_them(typed: str, kept: tuple[str, ...]) -> None:
    assert origins_in(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "www.garage.example",
        "https://*.garage.example",
        "https://*",
        "*",
        "'self'",
        "https://garage.example/contact",
        "https://garage.example?x=1",
        "https://user@garage.example",
        "https://garage.example:99999",
        "https://garage.example; script-src *",
        "https://garage.example https://evil.example",
        "https://192.0.2.1",
        "https://garage",
        "ftp://garage.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://www.garage.example",
        "http://localhost.evil.example",
        "https://",
        "\n".join(f"https://site{number}.example" for number in range(MOST + 1)),
    ],
)
def test_whatever_else_is_typed_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        origins_in(typed)


@given(st.text(max_size=80))
def test_nothing_that_is_kept_can_add_to_the_policy(typed: str) -> None:
    try:
        kept = origins_in(typed)
    except Refused:
        return
    assert Look(embed_origins=kept).embed_origins == kept
    assert not set(" ;,*'\"\r\n") & set("".join(kept))


async def test_the_owner_says_which_sites_and_gets_lines_to_paste(garage: Garage) -> None:
    owner = await garage.staff("owner")
    before = await owner.open(DESK)
    assert before.select("copy-text") == []
    await save(owner, embed_origins=f"{SITE}/")
    page = await owner.open(f"{DESK}?snippets=fr")
    texts = [area.text for area in page.select("copy-text textarea")]
    assert len(texts) == 4
    frame = BeautifulSoup(texts[0], "html.parser").select_one("iframe")
    assert frame is not None
    assert frame["src"] == f"https://{garage.host}/fr/embed/estimate"
    assert frame["title"] == f"Prendre rendez-vous pour un devis – {garage.tenant.name}"
    assert f'<script src="https://{garage.host}/embed.js" async></script>' in texts[0]


async def test_a_wrong_address_is_explained_and_everything_stays_filled_in(garage: Garage) -> None:
    owner = await garage.staff("owner")
    answer = await save(owner, embed_origins="http://www.garage.example", welcome_en="Hello")
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 422
    assert "must begin with https://" in page.select_one(".error-summary").text  # type: ignore[union-attr]
    assert page.select_one("#embed_origins").text.strip() == "http://www.garage.example"  # type: ignore[union-attr]
    assert page.select_one("#welcome_en")["value"] == "Hello"  # type: ignore[index]


async def test_exactly_the_pages_of_the_four_entries_can_be_framed_by_exactly_those_sites(
    app: HostRouter, garage: Garage
) -> None:
    furnished = await furnish(garage)
    await decide(garage, embed_origins=(SITE,))
    owner, customer = await garage.staff("owner"), await furnished.customer()
    for route in routes_of(app):
        if route.method != "GET" or route.path.startswith("/desk/enter"):
            continue
        browser = owner if route.is_guarded else customer
        answer = await browser.get(route.filled(furnished.values(route)), headers=INSIDE)
        parts = route.path.split("/")
        is_entry = (
            parts[1] == "{lang}" and len(parts) > 2 and parts[2] in {*FRAMED, "embed", "finished"}
        )
        is_never = any(part in route.path for part in NEVER_FRAMED)
        wanted = SITE if is_entry and not is_never else "'none'"
        if route.path == "/desk/portal/preview":
            wanted = "'self'"
        assert framers(answer.headers[POLICY]) == wanted, str(route)


async def test_without_a_decision_nothing_can_be_framed(garage: Garage) -> None:
    async with garage.browser(headers=FRAME) as browser:
        answer = await browser.get("/en/estimate")
    assert answer.headers[POLICY] == HEADERS[POLICY]


async def test_another_garages_sites_are_not_ours(embedded: Garage, other_garage: Garage) -> None:
    async with other_garage.browser(headers=FRAME) as browser:
        assert framers((await browser.get("/en/status")).headers[POLICY]) == "'none'"


async def test_cookies_are_partitioned_inside_a_frame_and_strict_outside(embedded: Garage) -> None:
    async with embedded.browser() as browser:
        inside = (await browser.get("/en/status", headers=FRAME)).headers["set-cookie"]
        browser.cookies.clear()
        outside = (await browser.get("/en/status")).headers["set-cookie"]
    assert inside.startswith("__Host-visitor=")
    assert inside.endswith("; HttpOnly; Path=/; Secure; SameSite=None; Partitioned")
    assert outside.endswith("; HttpOnly; Path=/; SameSite=lax; Secure")


@pytest.mark.parametrize("path", ["/en", "/desk/login", "/language/nl"])
async def test_pages_that_cannot_be_framed_set_strict_cookies_there_too(
    embedded: Garage, path: str
) -> None:
    async with embedded.browser(headers=FRAME) as browser:
        answer = await browser.get(path)
    assert "Partitioned" not in answer.headers["set-cookie"]
    assert "SameSite=lax" in answer.headers["set-cookie"]


async def test_a_browser_that_keeps_our_cookies_in_a_frame_goes_on_inside_it(
    embedded: Garage,
) -> None:
    async with embedded.browser(headers=FRAME) as browser:
        answer = await browser.get("/nl/embed/estimate", follow_redirects=True)
        page = BeautifulSoup(answer.text, "html.parser")
    assert answer.url.path == "/nl/estimate"
    assert page.select_one("header") is None
    assert page.html is not None
    assert page.html["data-framed-by"].split() == [SITE, "http://localhost:8080"]  # type: ignore[union-attr]


async def test_a_browser_that_does_not_is_shown_the_way_to_a_window(embedded: Garage) -> None:
    first, second = embedded.browser(headers=FRAME), embedded.browser(headers=FRAME)
    started = await first.get("/en/embed/status")
    page = await second.open(started.headers["location"])
    link = page.select_one("main a.button.primary")
    assert link is not None
    assert (link["href"], link["target"]) == ("/en/status", "_blank")


async def test_opened_in_a_window_the_frames_address_is_the_entry_itself(embedded: Garage) -> None:
    async with embedded.browser() as browser:
        answer = await browser.get("/en/embed/repair")
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/repair")


async def test_an_entry_that_is_hidden_cannot_be_embedded(embedded: Garage) -> None:
    await decide(embedded, embed_origins=(SITE,), hidden_entries=("repair",))
    async with embedded.browser(headers=FRAME) as browser:
        assert (await browser.get("/en/embed/repair")).status_code == 404
        assert (await browser.get("/en/embed/nothing")).status_code == 404
    page = await (await embedded.staff("owner")).open(DESK)
    assert "/embed/repair" not in page.text


async def test_forms_are_taken_inside_a_frame_and_from_no_other_place(embedded: Garage) -> None:
    browser = embedded.browser(headers=INSIDE)
    answer = await browser.submit(
        "/en/estimate/vehicle", {"plate": "1-ABC-123", "country": "BE"}, follow=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/estimate/damage")
    assert "Partitioned" in answer.headers["set-cookie"]
    forged = await browser.submit(
        "/en/estimate/vehicle",
        {"plate": "1-ABC-123", "country": "BE"},
        headers={"Sec-Fetch-Site": "cross-site", "Origin": SITE},
    )
    assert forged.status_code == 403


async def test_a_form_whose_cookie_the_browser_lost_in_a_frame_offers_a_window_of_its_own(
    embedded: Garage,
) -> None:
    browser = embedded.browser(headers=INSIDE)
    values = {"plate": "1-ABC-123", "csrf_token": await browser.token("/en/estimate/vehicle")}
    browser.cookies.clear()
    answer = await browser.post("/en/estimate/vehicle", data=values)
    page = BeautifulSoup(answer.text, "html.parser")
    link = page.select_one("main a.button")
    assert answer.status_code == 403
    assert "Your browser did not keep what the form needs" in page.text
    assert link is not None
    assert (link["href"], link["target"]) == ("/", "_blank")
    assert framers(answer.headers[POLICY]) == "*", "the browser shows it inside the frame"
    answer = await browser.post(
        "/en/estimate/vehicle", data=values, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert framers(answer.headers[POLICY]) == "'none'"


async def test_the_script_may_be_loaded_by_other_sites_and_is_tiny(garage: Garage) -> None:
    async with garage.browser() as browser:
        answer = await browser.get("/embed.js")
        await garage.switch("self_service_portal", on=False)
        gone = await browser.get("/embed.js")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert len(answer.content) < 2000
    assert gone.status_code == 404


async def test_the_owner_alone_decides_on_it(embedded: Garage) -> None:
    planner: Browser = await embedded.staff("planner")
    assert (await planner.get(DESK)).status_code == 403


def stays_inside(link: Tag) -> bool:
    """Whether it opens a window of its own, or a page that the frame may show."""
    address = str(link["href"])
    if link.get("target") == "_blank" or address.startswith(("#", "tel:", "mailto:")):
        return True
    parts = address.partition("?")[0].split("/")
    is_entry = len(parts) > 2 and parts[2] in FRAMED
    return is_entry and not any(part in address for part in NEVER_FRAMED)


@pytest.mark.parametrize("has_sent", [False, True], ids=["begun", "sent"])
async def test_no_link_inside_a_frame_leads_to_a_page_that_it_may_not_show(
    app: HostRouter, garage: Garage, has_sent: bool
) -> None:
    furnished = await furnish(garage)
    customer = await furnished.customer(has_sent=has_sent)
    wrong, seen = [], 0
    for route in routes_of(app):
        parts = route.path.split("/")
        if route.method != "GET" or len(parts) < 3 or parts[2] not in FRAMED:
            continue
        answer = await customer.get(route.filled(furnished.values(route)), headers=INSIDE)
        page = BeautifulSoup(answer.text, "html.parser")
        is_framed = page.html is not None and page.html.get("data-framed-by")
        links = page.select("a[href]:not(.skip)") if is_framed else []
        seen += bool(links)
        wrong += [f"{route}: {link['href']}" for link in links if not stays_inside(link)]
    assert not wrong, "\n".join(wrong)
    assert seen >= 10
