"""What was not sent is erased after as many days as the owner says."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core.clock import frozen, now
from core.storage import ObjectMissing
from plugins.self_service_portal.mail_models import Confirmation
from plugins.self_service_portal.models import Draft, DraftPhoto
from plugins.self_service_portal.retention import keep_retention
from plugins.self_service_portal.services import (
    answer,
    begin_draft,
    forget_draft,
    forget_old_drafts,
)
from plugins.self_service_portal.time_wishes import (
    KEPT_OPEN,
    Wish,
    forget_old_wishes,
    wish_for_estimate,
)
from plugins.self_service_portal.unconfirmed import free_unconfirmed
from tests.factories import jpeg
from tests.garages import Garage, Outbox
from tests.plugins.self_service_portal.after_booking import decide as change
from tests.plugins.self_service_portal.after_booking import draft_of, far_slot, request_estimate
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


async def test_what_somebody_on_the_waiting_list_would_go_on_with_is_kept_as_long_as_the_wish(
    garage: Garage, outbox: Outbox
) -> None:
    await decide(garage, draft_days=2, photo_days=1)
    await sent_photos(garage, outbox)
    async with garage.unit() as session:
        draft = (await session.scalars(select(Draft))).one()
        await wish_for_estimate(session, draft, Wish("Noor", "en", email="noor@customer.test"))
        answer(draft, "damage", {"damage": "Two scratches", "zones": []})
    async with garage.unit() as session:
        with frozen(now() + timedelta(days=29)):
            await forget_old_drafts(session)
    assert await left_after(garage, 29) == [1, 1]
    async with garage.unit() as session:
        with frozen(now() + KEPT_OPEN + timedelta(minutes=1)):
            await forget_old_wishes(session)
    assert await left_after(garage, 30) == [0, 0]


async def test_a_time_that_nobody_confirmed_for_two_days_leaves_everything_for_one_more(
    garage: Garage, outbox: Outbox
) -> None:
    await change(garage, confirm_bookings=True, confirm_hours=48)
    await decide(garage, draft_days=1, photo_days=1)
    async with garage.unit() as session:
        slot = await far_slot(session)
    await sent_photos(garage, outbox)
    request = await request_estimate(garage, at=slot)
    async with garage.unit() as session:
        draft = await draft_of(session, request)
        await session.execute(update(DraftPhoto).values(draft_id=draft.id))
        with frozen(now() + timedelta(hours=71)):
            await forget_old_drafts(session)
        two_days_ago = now() - timedelta(days=2)
        await session.execute(update(DraftPhoto).values(created_at=two_days_ago))
        await session.execute(update(Confirmation).values(expires_at=now()))
    async with garage.unit() as session:
        await free_unconfirmed(session)
        await keep_retention(session)
        await forget_old_drafts(session)
    async with garage.unit() as session:
        draft = await draft_of(session, request)
        kept = await session.scalar(select(func.count()).select_from(DraftPhoto))
    assert (draft.job_id, kept) == (None, 1)
    assert draft.expires_at > now() + timedelta(hours=23)


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
