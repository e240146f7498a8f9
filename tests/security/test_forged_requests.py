"""A form that another site made a browser send is refused, whichever form it is."""

import pytest

from core.web.host_router import HostRouter
from tests.garages import Browser, Garage
from tests.security.furnished import Furnished, everything_in, furnish
from tests.security.routes import routes_of
from tests.security.visits import visit

WRONG_TOKENS = {"none": "", "invented": "0" * 64, "no ASCII": "ü" * 64}
WRONG_STARTS = {
    "on a sibling garage": {"Sec-Fetch-Site": "same-site"},
    "on another site": {"Sec-Fetch-Site": "cross-site"},
    "at a sibling's origin": {"Origin": "https://sibling.garagist.test"},
    "at a foreign origin": {"Origin": "https://evil.example"},
    "at an origin without a name": {"Origin": "null"},
}


@pytest.fixture
async def furnished(garage: Garage) -> Furnished:
    """A garage in which something could be broken."""
    await garage.switch("polite", on=True)
    return await furnish(garage)


async def people_of(furnished: Furnished) -> dict[bool, Browser]:
    """Who sends a form: the owner those of staff (True), a customer the others (False)."""
    return {True: await furnished.garage.staff("owner"), False: await furnished.customer()}


async def token_with(browser: Browser, garage: Garage, **changes: str | None) -> str:
    """The token of a browser with the same cookies but for `changes` (None: not there)."""
    other = garage.browser()
    for cookie in browser.cookies.jar:
        value = changes.get(cookie.name.removeprefix("__Host-"), cookie.value)
        if value is not None:
            other.cookies.set(cookie.name, value, domain=garage.host)
    return await other.token("/en/status")


async def assert_refused(
    app: HostRouter,
    furnished: Furnished,
    people: dict[bool, Browser],
    tokens: dict[bool, str],
    headers: dict[str, str] | None = None,
) -> None:
    """Every form is answered with 403, and nothing is stored."""
    before = await everything_in(furnished.garage)
    wrong = []
    for route in routes_of(app):
        if route.has_signed_address and headers is None:
            continue  # nothing but its address is looked at, unless a page of ours was left
        if route.method not in {"GET", "HEAD"} and route.is_guarded in tokens:
            address, who = route.filled(furnished.values(route)), route.is_guarded
            answer = await visit(people[who], route, address, token=tokens[who], headers=headers)
            if answer.status_code != 403:
                wrong.append(f"{route}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert await everything_in(furnished.garage) == before


@pytest.mark.parametrize("token", WRONG_TOKENS.values(), ids=WRONG_TOKENS.keys())
async def test_no_form_is_taken_with_a_wrong_token(
    app: HostRouter, furnished: Furnished, token: str
) -> None:
    people = await people_of(furnished)
    await assert_refused(app, furnished, people, {True: token, False: token})


async def test_no_form_is_taken_with_a_token_of_another_garage(
    app: HostRouter, furnished: Furnished, other_garage: Garage
) -> None:
    people = await people_of(furnished)
    tokens = {who: await token_with(each, other_garage) for who, each in people.items()}
    await assert_refused(app, furnished, people, tokens)


async def test_no_form_is_taken_with_a_token_of_another_visitor(
    app: HostRouter, furnished: Furnished
) -> None:
    people, garage = await people_of(furnished), furnished.garage
    tokens = {who: await token_with(each, garage, visitor="x" * 22) for who, each in people.items()}
    await assert_refused(app, furnished, people, tokens)


async def test_no_form_of_staff_is_taken_with_a_token_from_before_the_login(
    app: HostRouter, furnished: Furnished
) -> None:
    people = await people_of(furnished)
    early = await token_with(people[True], furnished.garage, session=None)
    await assert_refused(app, furnished, people, {True: early})


@pytest.mark.parametrize("headers", WRONG_STARTS.values(), ids=WRONG_STARTS.keys())
async def test_no_form_is_taken_that_started_elsewhere(
    app: HostRouter, furnished: Furnished, headers: dict[str, str]
) -> None:
    people, garage = await people_of(furnished), furnished.garage
    tokens = {who: await token_with(each, garage) for who, each in people.items()}
    await assert_refused(app, furnished, people, tokens, headers)


async def test_the_same_cookies_and_token_are_taken_where_they_belong(
    furnished: Furnished,
) -> None:
    owner, garage = await furnished.garage.staff("owner"), furnished.garage
    token = await token_with(owner, garage)
    address = f"/desk/jobs/{furnished.owned['job_id']}/informed"
    same_origin = {"Sec-Fetch-Site": "same-origin", "Origin": f"https://{garage.host}"}
    answer = await owner.post(address, data={"csrf_token": token}, headers=same_origin)
    assert answer.status_code == 303
