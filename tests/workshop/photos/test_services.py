"""The verbs of photos."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import psutil
import pytest
from PIL import Image
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.background.outbox import FIRST_PAUSE
from core.clock import frozen, now
from core.errors import NotFound
from core.storage import ObjectMissing
from core.workshop.jobs import repository as jobs
from core.workshop.notifications import repository as outbox_entries
from core.workshop.photos import repository, sandbox, services
from core.workshop.photos.imaging import SIZES, PhotoFacts, TooManyPixels
from core.workshop.photos.models import Photo
from core.workshop.photos.services import (
    MOST_DRAWINGS,
    MOST_PER_JOB,
    ExaminedPhoto,
    TooManyPhotos,
    add_photo,
    examine,
    problem_text,
    render_photo,
    share_with_customer,
)
from tests.factories import a_job, a_photo, a_plate, jpeg
from tests.garages import STAFF, Garage, Outbox
from tests.outside_plugins import polite
from tests.workshop.photos.pictures import GOOD, MARKER, photo_with_secrets, png_with_header


async def upload(session: AsyncSession, job_id: UUID, path: Path, name: str = "photo.jpg") -> Photo:
    return await add_photo(
        session, job_id, await examine(path), name=name, source="portal", actor=STAFF
    )


async def rows_of(garage: Garage, job_id: UUID) -> list[Photo]:
    async with garage.unit() as session:
        return await repository.of_job(session, job_id)


@pytest.fixture
async def job_id(garage: Garage) -> UUID:
    """A job without photos."""
    async with garage.unit() as session:
        return (await a_job(session)).id


async def test_an_added_photo_is_kept_privately_and_drawn_by_the_worker(
    garage: Garage, outbox: Outbox, job_id: UUID
) -> None:
    path = GOOD / "landscape_6.jpg"
    async with garage.unit() as session:
        photo = await upload(session, job_id, path)
        assert (photo.state, photo.renditions) == ("received", {})
    assert await outbox.empty(garage) >= 1
    (drawn,) = await rows_of(garage, job_id)
    storage = garage.house.storage
    assert await storage.get_bytes(garage.tenant.id, drawn.original_key) == path.read_bytes()
    assert (drawn.state, set(drawn.renditions)) == ("ready", set(SIZES))
    body = await storage.get_bytes(garage.tenant.id, drawn.renditions["display"]["key"])
    with Image.open(BytesIO(body), formats=["JPEG"]) as image:
        assert image.size == (600, 450)


async def test_renditions_of_a_photo_with_secrets_hold_none(
    garage: Garage, outbox: Outbox, job_id: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "secrets.jpg"
    path.write_bytes(photo_with_secrets())
    async with garage.unit() as session:
        await upload(session, job_id, path)
    await outbox.empty(garage)
    (photo,) = await rows_of(garage, job_id)
    for rendition in photo.renditions.values():
        body = await garage.house.storage.get_bytes(garage.tenant.id, rendition["key"])
        assert MARKER not in body
        assert b"EXIF" not in body.upper()


async def test_the_same_bytes_again_are_the_same_photo(
    garage: Garage, outbox: Outbox, job_id: UUID
) -> None:
    async with garage.unit() as session:
        first = await upload(session, job_id, GOOD / "jolla.jpg", "one.jpg")
    async with garage.unit() as session:
        again = await upload(session, job_id, GOOD / "jolla.jpg", "two.jpg")
        events = await jobs.events_of(session, job_id)
    assert again.id == first.id
    assert [event.kind for event in events].count("photo_added") == 1


async def test_the_same_bytes_sent_five_times_at_once_are_one_photo(
    garage: Garage, job_id: UUID
) -> None:
    examined = await examine(GOOD / "jolla.jpg")

    async def send() -> UUID:
        async with garage.unit() as session:
            photo = await add_photo(
                session, job_id, examined, name="x", source="portal", actor=STAFF
            )
            await asyncio.sleep(0.05)
            return photo.id

    ids = await asyncio.gather(*(send() for _ in range(5)))
    assert len(set(ids)) == len(await rows_of(garage, job_id)) == 1


async def test_the_same_bytes_in_another_job_are_another_photo(
    garage: Garage, job_id: UUID
) -> None:
    async with garage.unit() as session:
        other = await a_job(session, plate=a_plate())
        one = await upload(session, job_id, GOOD / "jolla.jpg")
        two = await upload(session, other.id, GOOD / "jolla.jpg")
    assert one.id != two.id


async def test_a_job_takes_a_hundred_photos_and_no_more(garage: Garage, job_id: UUID) -> None:
    examined = await examine(GOOD / "jolla.jpg")
    async with garage.unit() as session:
        rows = [
            {
                "tenant_id": garage.tenant.id,
                "job_id": job_id,
                "format": "JPEG",
                "size_bytes": 1,
                "width": 1,
                "height": 1,
                "sha256": str(number),
                "original_key": "x",
                "display_name": "x",
                "source": "portal",
            }
            for number in range(MOST_PER_JOB - 1)
        ]
        await session.execute(insert(Photo), rows)
        last = await add_photo(session, job_id, examined, name="x", source="portal", actor=STAFF)
        assert await upload(session, job_id, GOOD / "jolla.jpg") == last
        with pytest.raises(TooManyPhotos):
            await upload(session, job_id, GOOD / "DSCN0010.jpg")
        assert await repository.count_of_job(session, job_id) == MOST_PER_JOB


async def test_of_many_photos_at_once_no_more_are_kept_than_fit(
    garage: Garage, job_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_PER_JOB", 3)
    paths = [tmp_path / str(number) for number in range(8)]
    for number, path in enumerate(paths):
        path.write_bytes(jpeg((10 * number, 9, 9)))
    photos = [await examine(path) for path in paths]

    async def send(photo: ExaminedPhoto) -> bool:
        try:
            async with garage.unit() as session:
                await add_photo(session, job_id, photo, name="x", source="portal", actor=STAFF)
        except TooManyPhotos:
            return False
        return True

    kept = await asyncio.gather(*(send(photo) for photo in photos))
    assert sorted(kept) == [False] * 5 + [True] * 3
    assert len(await rows_of(garage, job_id)) == 3


async def test_a_camera_without_a_zone_shows_the_garages_time(garage: Garage, job_id: UUID) -> None:
    async with garage.unit() as session:
        photo = await upload(session, job_id, GOOD / "jolla.jpg")
    assert photo.taken_at == datetime(2014, 9, 21, 14, 0, 56, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\Users\\ann\\front left.jpg", "front left.jpg"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x\x00.jpg", "aSet-Cookie: x.jpg"),
        ("/", "photo"),
        ("é" * 300, "é" * 120),
    ],
)
async def test_a_name_is_only_shown_and_never_a_path(
    garage: Garage, job_id: UUID, sent: str, kept: str
) -> None:
    async with garage.unit() as session:
        photo = await a_photo(session, await jobs.by_id(session, job_id), name=sent)
    assert photo.display_name == kept
    assert photo.original_key == f"jobs/{job_id}/originals/{photo.sha256}"


async def test_drawing_twice_does_no_harm(garage: Garage, outbox: Outbox, job_id: UUID) -> None:
    async with garage.unit() as session:
        photo = await upload(session, job_id, GOOD / "jolla.jpg")
    payload = {"photo_id": str(photo.id)}
    await outbox.empty(garage)
    (before,) = await rows_of(garage, job_id)
    async with garage.unit() as session:
        await render_photo(session, payload)
        await render_photo(session, payload)
    (after,) = await rows_of(garage, job_id)
    assert (after.state, after.renditions) == ("ready", before.renditions)


async def test_a_worker_that_died_after_drawing_draws_again(garage: Garage, job_id: UUID) -> None:
    async with garage.unit() as session:
        photo = await upload(session, job_id, GOOD / "jolla.jpg")

    async def draw_and_die() -> None:
        async with garage.unit() as session:
            await render_photo(session, {"photo_id": str(photo.id)})
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await draw_and_die()
    async with garage.unit() as session:
        await render_photo(session, {"photo_id": str(photo.id)})
    (drawn,) = await rows_of(garage, job_id)
    assert drawn.state == "ready"


async def test_a_photo_that_cannot_be_drawn_is_marked_and_not_tried_for_ever(
    garage: Garage, outbox: Outbox, job_id: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "rotten.jpg"
    path.write_bytes(jpeg()[:400])
    facts = PhotoFacts("JPEG", 320, 240, None)
    async with garage.unit() as session:
        photo = await add_photo(
            session,
            job_id,
            ExaminedPhoto(path, facts, "f" * 64, 400),
            name="rotten.jpg",
            source="portal",
            actor=STAFF,
        )
    await outbox.empty(garage)
    async with garage.unit() as session:
        entry = await outbox_entries.by_key(session, f"render_photo:{photo.id}")
        stored = await repository.by_id(session, photo.id)
    assert (stored.state, stored.renditions) == ("failed", {})
    assert entry is not None
    assert entry.done_at is not None


async def kill_who_draws() -> None:
    """`kill -9` of the child that draws, as soon as there is one."""
    for _ in range(4000):
        for child in psutil.Process().children():
            with suppress(psutil.Error):
                if "draw" in child.cmdline():
                    child.kill()
                    return
        await asyncio.sleep(0.005)
    raise AssertionError("nobody draws")


async def test_a_photo_is_drawn_though_who_drew_it_first_was_killed(
    garage: Garage, outbox: Outbox, job_id: UUID
) -> None:
    async with garage.unit() as session:
        await upload(session, job_id, GOOD / "jolla.jpg")
    moment = now()
    with frozen(moment):
        await asyncio.gather(outbox.empty(garage), kill_who_draws())
    (waiting,) = await rows_of(garage, job_id)
    with frozen(moment + FIRST_PAUSE):
        await outbox.empty(garage)
    (drawn,) = await rows_of(garage, job_id)
    assert (waiting.state, drawn.state) == ("received", "ready")


async def test_a_photo_that_nobody_had_time_for_is_marked_in_the_end(
    garage: Garage, outbox: Outbox, job_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with garage.unit() as session:
        await upload(session, job_id, GOOD / "jolla.jpg")
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 0.01)
    states = []
    for hours in range(MOST_DRAWINGS):
        with frozen(now() + timedelta(hours=hours)):
            await outbox.empty(garage)
        states += [photo.state for photo in await rows_of(garage, job_id)]
    assert states == ["received"] * (MOST_DRAWINGS - 1) + ["failed"]


async def test_a_bad_file_is_refused_before_anything_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_with_header(13_000, 13_000))
    with pytest.raises(TooManyPixels):
        await examine(path)


@pytest.mark.parametrize(
    "code", ["not_a_photo", "too_large", "too_many_pixels", "damaged", "not_seen"]
)
def test_every_problem_names_the_photo_and_what_to_do(code: str) -> None:
    message, values = problem_text(code, "front.jpg")
    assert "front.jpg" in message % values
    assert "Please" in message


async def test_a_photo_for_an_unknown_job_is_not_kept(garage: Garage) -> None:
    examined = await examine(GOOD / "jolla.jpg")
    unknown = uuid4()
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await add_photo(session, unknown, examined, name="x", source="portal", actor=STAFF)
    with pytest.raises(ObjectMissing):
        await garage.house.storage.get_bytes(
            garage.tenant.id, f"jobs/{unknown}/originals/{examined.sha256}"
        )


async def test_customers_see_only_what_is_shared(garage: Garage, job_id: UUID) -> None:
    async with garage.unit() as session:
        job = await jobs.by_id(session, job_id)
        shown = await a_photo(session, job, body=jpeg((1, 2, 3)))
        await a_photo(session, job, body=jpeg((200, 2, 3)))
        await share_with_customer(session, shown.id, shared=True)
        visible = await repository.of_job(session, job_id, for_customer=True)
        assert [photo.id for photo in visible] == [shown.id]
        await share_with_customer(session, shown.id, shared=False)
        assert await repository.of_job(session, job_id, for_customer=True) == []


async def test_photos_of_customers_are_new_until_somebody_looked(
    garage: Garage, job_id: UUID
) -> None:
    async with garage.unit() as session:
        job = await jobs.by_id(session, job_id)
        await a_photo(session, job, body=jpeg((1, 2, 3)), source="portal")
        await a_photo(session, job, body=jpeg((200, 2, 3)), source="desk")
        assert await repository.unseen_by_job(session, [job_id]) == {job_id: 1}
        assert await repository.count_unseen(session) == 1
        await repository.mark_seen(session, job_id, now())
        assert await repository.count_unseen(session) == 0


async def test_a_photo_of_another_garage_is_not_found(garage: Garage, other_garage: Garage) -> None:
    async with other_garage.unit() as session:
        foreign = await a_photo(session, await a_job(session))
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await share_with_customer(session, foreign.id, shared=True)


async def test_plugins_are_told_of_a_new_photo_once(garage: Garage, job_id: UUID) -> None:
    await garage.switch("polite", on=True)
    async with garage.unit() as session:
        photo = await upload(session, job_id, GOOD / "jolla.jpg")
        await upload(session, job_id, GOOD / "jolla.jpg")
    told = [
        arguments["photo_id"]
        for hook, slug, arguments in polite.calls
        if (hook, slug) == ("photo_added", garage.slug)
    ]
    assert told == [photo.id]
