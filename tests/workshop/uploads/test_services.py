"""Files on their way in: caps per owner, pieces that end, what is forgotten and when."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.clock import now
from core.errors import NotFound
from core.storage import ObjectMissing
from core.workshop.uploads import services
from core.workshop.uploads.models import Upload
from core.workshop.uploads.services import (
    MOST_OPEN,
    MOST_OPEN_BYTES,
    SWEPT_IN_PASSING,
    FileTooLarge,
    OffsetDiffers,
    TooManyUploads,
    add_part,
    assemble,
    begin_upload,
    finish,
    forget_expired_uploads,
    give_up,
    store_part,
    upload_of,
)
from tests.garages import Garage

MOST = 1000


@pytest.fixture
def piece(tmp_path: Path) -> Path:
    """Three bytes on this host."""
    path = tmp_path / "piece"
    path.write_bytes(b"abc")
    return path


async def test_a_file_may_have_the_most_bytes_and_not_one_more(garage: Garage) -> None:
    async with garage.unit() as session:
        await begin_upload(session, "draft:1", MOST, {}, most_bytes=MOST)
        with pytest.raises(FileTooLarge):
            await begin_upload(session, "draft:1", MOST + 1, {}, most_bytes=MOST)


async def test_an_owner_may_have_so_many_files_on_their_way_and_not_one_more(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        for _ in range(MOST_OPEN):
            last = await begin_upload(session, "draft:1", 1, {}, most_bytes=MOST)
        with pytest.raises(TooManyUploads):
            await begin_upload(session, "draft:1", 1, {}, most_bytes=MOST)
        await begin_upload(session, "draft:2", 1, {}, most_bytes=MOST)
        finish(session, last)
        await session.flush()
        await begin_upload(session, "draft:1", 1, {}, most_bytes=MOST)


async def test_an_owner_may_have_so_many_bytes_on_their_way(garage: Garage) -> None:
    async with garage.unit() as session:
        half = MOST_OPEN_BYTES // 2
        for _ in range(2):
            await begin_upload(session, "draft:1", half, {}, most_bytes=half)
        with pytest.raises(TooManyUploads):
            await begin_upload(session, "draft:1", 1, {}, most_bytes=half)


async def test_an_upload_is_there_for_its_owner_only(garage: Garage) -> None:
    async with garage.unit() as session:
        upload = await begin_upload(session, "draft:1", 3, {}, most_bytes=MOST)
        assert await upload_of(session, upload.id, "draft:1") is upload
        with pytest.raises(NotFound):
            await upload_of(session, upload.id, "draft:2")


async def test_another_garages_upload_does_not_exist(garage: Garage, other_garage: Garage) -> None:
    async with garage.unit() as session:
        upload = await begin_upload(session, "draft:1", 3, {}, most_bytes=MOST)
    async with other_garage.unit() as session:
        with pytest.raises(NotFound):
            await upload_of(session, upload.id, "draft:1")


async def test_stored_pieces_and_the_last_one_make_the_file(
    garage: Garage, piece: Path, tmp_path: Path
) -> None:
    async with garage.unit() as session:
        upload = await begin_upload(session, "draft:1", 9, {}, most_bytes=MOST)
        for _ in range(2):
            add_part(upload, await store_part(upload, piece), 3)
        await session.flush()
        with pytest.raises(OffsetDiffers):
            await upload_of(session, upload.id, "draft:1", offset=3)
        upload = await upload_of(session, upload.id, "draft:1", offset=6)
        await assemble(upload, piece, tmp_path / "whole")
    assert content_of(tmp_path / "whole") == b"abcabcabc"


def content_of(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.parametrize("verb", ["finish", "give_up", "forget"])
async def test_pieces_go_once_that_is_stored(garage: Garage, piece: Path, verb: str) -> None:
    async with garage.unit() as session:
        upload = await begin_upload(session, "draft:1", 9, {}, most_bytes=MOST)
        key = await store_part(upload, piece)
        lost = await store_part(upload, piece)  # its process ended before it was counted
        add_part(upload, key, 3)
    async with garage.unit() as session:
        upload = await upload_of(session, upload.id, "draft:1")
        if verb == "finish":
            finish(session, upload)
        elif verb == "give_up":
            await give_up(session, upload)
        else:
            upload.expires_at = now()
            await session.flush()
            await forget_expired_uploads(session)
        assert await garage.house.storage.get_bytes(garage.tenant.id, key) == b"abc"
    for each in (key, lost):
        with pytest.raises(ObjectMissing):
            await garage.house.storage.get_bytes(garage.tenant.id, each)


async def test_what_nobody_came_back_to_is_forgotten_and_nothing_else(garage: Garage) -> None:
    async with garage.unit() as session:
        old, fresh = [
            await begin_upload(session, "draft:1", 3, {}, most_bytes=MOST) for _ in range(2)
        ]
        old.expires_at = now()
        await session.flush()
        assert await forget_expired_uploads(session) == 1
        assert list(await session.scalars(select(Upload.id))) == [fresh.id]


async def test_a_new_upload_sweeps_a_few_old_ones_without_any_scheduled_task(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        for _ in range(SWEPT_IN_PASSING + 2):
            await begin_upload(session, "draft:1", 3, {}, most_bytes=MOST)
        await session.execute(update(Upload).values(expires_at=now()))
        await begin_upload(session, "draft:1", 3, {}, most_bytes=MOST)
        assert len(list(await session.scalars(select(Upload.id)))) == 3


async def test_every_piece_gives_the_sender_another_day(garage: Garage, piece: Path) -> None:
    async with garage.unit() as session:
        upload = await begin_upload(session, "draft:1", 9, {}, most_bytes=MOST)
        upload.expires_at = before = now()
        add_part(upload, await store_part(upload, piece), 3)
    assert upload.expires_at >= before + services.LIFE
