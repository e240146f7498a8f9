"""Support acting inside a garage."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import frozen, now
from core.errors import UnknownTenant
from core.workshop.audit.models import AuditEntry
from core.workshop.staff.services import SUPPORT_SESSION_LIFE
from tenants import repository
from tenants.visits import enter_garage
from tests.garages import SUPPORT, Browser, Garage

REASON = "the owner asked on the phone"


async def enter(garage: Garage) -> Browser:
    """A browser in which support is inside, having followed the link."""
    house = garage.house
    visit = await enter_garage(house.database, house.directory, garage.slug, SUPPORT, reason=REASON)
    browser = garage.browser()
    answer = await browser.get(f"/desk/enter/{visit.token}", follow_redirects=True)
    assert answer.status_code == 200, answer.text[:300]
    return browser


async def test_a_visit_is_in_both_logs_with_who_and_why(garage: Garage) -> None:
    house = garage.house
    await enter_garage(house.database, house.directory, garage.slug, SUPPORT, reason=REASON)
    async with garage.unit() as session:
        own = await session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
    async with house.database.platform_unit_of_work() as session:
        supports, _slug = (await repository.audit_page(session, tenant_id=garage.tenant.id))[0]
    assert own is not None
    assert (own.actor_kind, own.actor_name, own.action, own.reason) == (
        "support",
        "Sam Support",
        "support.entered",
        REASON,
    )
    assert (supports.actor, supports.action, supports.reason) == (
        "Sam Support",
        "support.entered",
        REASON,
    )


async def test_every_page_says_that_support_is_inside(garage: Garage) -> None:
    browser = await enter(garage)
    page = await browser.open("/desk/jobs")
    assert "Sam Support" in page.text
    assert REASON in page.text


async def test_a_visit_ends_by_itself(garage: Garage) -> None:
    browser = await enter(garage)
    with frozen(now() + SUPPORT_SESSION_LIFE - timedelta(minutes=1)):
        assert (await browser.get("/desk")).status_code == 200
    with frozen(now() + SUPPORT_SESSION_LIFE):
        assert (await browser.get("/desk")).status_code == 303


async def test_support_changes_nobodys_access(garage: Garage) -> None:
    browser = await enter(garage)
    assert (await browser.get("/desk/staff")).status_code == 403


async def test_the_link_works_once_and_in_this_garage_only(
    garage: Garage, other_garage: Garage
) -> None:
    house = garage.house
    visit = await enter_garage(house.database, house.directory, garage.slug, SUPPORT, reason=REASON)
    path = f"/desk/enter/{visit.token}"
    async with other_garage.browser() as elsewhere, garage.browser() as here:
        assert (await elsewhere.get(path)).status_code == 404
        assert (await here.get(path)).status_code == 303
    async with garage.browser() as again:
        assert (await again.get(path)).status_code == 404


async def test_a_garage_that_is_not_open_cannot_be_entered(garage: Garage) -> None:
    house = garage.house
    with pytest.raises(UnknownTenant, match="there is no open garage nobody"):
        await enter_garage(house.database, house.directory, "nobody", SUPPORT, reason=REASON)
