"""What was not sent is erased after as many days as the owner says."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from core.clock import frozen, now
from plugins.self_service_portal.models import Draft, DraftPhoto
from plugins.self_service_portal.retention import keep_retention
from plugins.self_service_portal.services import begin_draft
from tests.garages import Garage
from tests.plugins.self_service_portal.after_booking import request_estimate
from tests.plugins.self_service_portal.deciding import decide


async def begin(garage: Garage) -> None:
    """A request with a photo that nobody sends."""
    async with garage.unit() as session:
        draft, _secret = await begin_draft(session, "en")
        session.add(
            DraftPhoto(draft_id=draft.id, sha256="x", key="d/x", name="x", facts={}, size_bytes=1)
        )


async def left_after(garage: Garage, days: int) -> Sequence[int]:
    """How many requests and photos are there when the task has run then."""
    async with garage.unit() as session:
        with frozen(now() + timedelta(days=days, minutes=1)):
            await keep_retention(session)
        await session.flush()
        counts = [select(func.count()).select_from(table) for table in (Draft, DraftPhoto)]
        return [await session.scalar(count) or 0 for count in counts]


async def test_photos_go_first_and_the_request_after_its_own_days(garage: Garage) -> None:
    await decide(garage, draft_days=5, photo_days=2)
    await begin(garage)
    assert await left_after(garage, 1) == [1, 1]
    assert await left_after(garage, 2) == [1, 0]
    assert await left_after(garage, 5) == [0, 0]


async def test_what_was_sent_is_not_its_business(garage: Garage) -> None:
    await decide(garage, draft_days=1, photo_days=1)
    await request_estimate(garage)
    assert await left_after(garage, 1) == [1, 0]


async def test_the_owner_may_keep_requests_longer_and_customers_read_it(garage: Garage) -> None:
    await decide(garage, draft_days=21, photo_days=7)
    browser = garage.browser()
    page = await browser.open("/en/estimate/vehicle")
    assert "We keep what you type for 21 days" in page.text
    answer = await browser.submit(
        "/en/estimate/vehicle", {"plate": "1-ABC-123", "country": "BE"}, follow=False
    )
    assert f"Max-Age={21 * 24 * 3600}" in answer.headers["set-cookie"]
    async with garage.unit() as session:
        draft = (await session.scalars(select(Draft))).one()
    assert draft.expires_at > now() + timedelta(days=20)
