"""Whatever is typed into an address or a form, no page of a garage fails."""

import pytest
from sqlalchemy import select

from core.web.host_router import HostRouter
from core.workshop.customers.models import Customer
from tests.garages import Garage
from tests.security.furnished import Furnished, furnish
from tests.security.routes import routes_of
from tests.security.visits import FORM, visit

ODD = {
    "nothing": "",
    "NUL": "a\x00b",
    "last day": "9999-12-31",
    "first day": "0001-01-01",
    "no such day": "2026-02-30",
    "first moment": "0001-01-01T00:00+14:00",
    "last moment": "9999-12-31T23:59:59+00:00",
    "without zone": "2026-01-01T10:00",
    "negative": "-1",
    "huge number": "9" * 400,
    "no number": "NaN",
    "Arabic digits": "١٢٣",
    "superscript": "²",
    "quote": "' or 1=1 --",
    "wildcards": "%_%",
    "mark-up": "<script>alert(1)</script>",
    "template": "{{ 7 * 7 }} {% raw %} %(name)s {0}",
    "many letters": "é" * 300,
    "control signs": "a\r\nBcc: x@example.com\t\x1b",
    "no character": "\ufffe\U0010ffff",
}
KEY = "01a21000-0000-7000-8000-000000000000"
QUERY = (
    "from",
    "before",
    "after",
    "show",
    "q",
    "slot",
    "next",
    "next_",
    "back",
    "day",
    "page",
    "number",
    "tried",
)
DATES = ("first_day", "last_day", "slot", "day", "left_at", "version")


@pytest.fixture
async def furnished(garage: Garage) -> Furnished:
    """A garage with something in every drawer."""
    return await furnish(garage)


async def test_no_odd_value_in_an_address_is_a_failure(
    app: HostRouter, furnished: Furnished
) -> None:
    owner, customer = await furnished.garage.staff("owner"), await furnished.customer()
    failed = []
    for route in routes_of(app):
        if route.method == "GET" and not route.path.startswith("/desk/enter"):
            browser = owner if route.is_guarded else customer
            address = route.filled(furnished.values(route))
            for name, odd in ODD.items():
                query = {**dict.fromkeys(QUERY, odd), "after": f"{odd}_{KEY}"}
                answer = await browser.get(address, params=query)
                if answer.status_code >= 500:
                    failed.append(f"{route} with {name}: {answer.status_code}")
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
async def test_no_odd_value_in_a_form_is_a_failure(
    app: HostRouter, furnished: Furnished, odd: str
) -> None:
    owner, customer = await furnished.garage.staff("owner"), await furnished.customer()
    tokens = {owner: await owner.token("/desk"), customer: await customer.token("/en/status")}
    failed = []
    for route in routes_of(app):
        if route.method != "POST" or route.is_upload:
            continue
        browser = owner if route.is_guarded else customer
        address = route.filled(furnished.values(route))
        for fields in (dict.fromkeys(FORM, odd), dict.fromkeys(DATES, odd)):
            answer = await visit(browser, route, address, token=tokens[browser], more=fields)
            if answer.status_code >= 500:
                failed.append(f"{route} {list(fields)[:1]}: {answer.status_code}")
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
async def test_an_odd_text_is_kept_as_it_was_typed_and_shown_as_a_text(
    garage: Garage, odd: str
) -> None:
    name = f"X{odd[:100]}"
    owner = await garage.staff("owner")
    form: dict[str, object] = {"plate": "1-ABC-123", "language": "en", "name": name}
    answer = await owner.submit("/desk/jobs/new", form)
    async with garage.unit() as session:
        kept = await session.scalar(select(Customer.name).order_by(Customer.id.desc()))
    assert (answer.status_code, kept) == (200, name.replace("\x00", ""))
    assert "<script>alert" not in answer.text
