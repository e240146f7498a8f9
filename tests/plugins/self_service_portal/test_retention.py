"""What was not sent is erased after as many days as the owner says."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.clock import frozen, now
from core.storage import ObjectMissing
from plugins.self_service_portal.models import Draft, DraftPhoto
from plugins.self_service_portal.retention import keep_retention
from plugins.self_service_portal.services import begin_draft, forget_draft
from tests.factories import jpeg
from tests.garages import Garage, Outbox
from tests.plugins.self_service_portal.after_booking import request_estimate
from tests.plugins.self_service_portal.deciding import decide
from tests.plugins.self_service_portal.waiting_people import at_the_time


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


async def test_files_of_photos_that_were_not_sent_go_too(garage: Garage, outbox: Outbox) -> None:
    await decide(garage, draft_days=5, photo_days=2)
    await sent_photos(garage, outbox)
    async with garage.unit() as session:
        (photo,) = await session.scalars(select(DraftPhoto))
    keys = [photo.key, photo.thumb["key"]]
    files = [await garage.house.storage.get_bytes(garage.tenant.id, key) for key in keys]
    assert files[0] == jpeg()
    with frozen(now() + timedelta(days=2, minutes=1)):
        async with garage.unit() as session:
            await keep_retention(session)
        await outbox.empty(garage)
    for key in keys:
        with pytest.raises(ObjectMissing):
            await garage.house.storage.get_bytes(garage.tenant.id, key)


async def test_a_request_takes_its_files_with_it(garage: Garage, outbox: Outbox) -> None:
    await decide(garage, draft_days=2, photo_days=2)
    await sent_photos(garage, outbox)
    async with garage.unit() as session:
        (photo,) = await session.scalars(select(DraftPhoto))
        await forget_draft(session, await session.get_one(Draft, (photo.tenant_id, photo.draft_id)))
    await outbox.empty(garage)
    for key in (photo.key, photo.thumb["key"]):
        with pytest.raises(ObjectMissing):
            await garage.house.storage.get_bytes(garage.tenant.id, key)


async def sent_photos(garage: Garage, outbox: Outbox) -> None:
    """Somebody sends a photo, which the worker draws small, and nothing more."""
    browser = await at_the_time(garage)
    file = ("photos", ("dent.jpg", jpeg(), "image/jpeg"))
    answer = await browser.submit("/en/estimate/photos", files=[file], follow=False)
    assert answer.status_code == 303
    while await outbox.empty(garage):
        pass


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
