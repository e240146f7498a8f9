"""Forms with files: bad ones are told apart, too large ones stopped, nothing is left behind."""

import io
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import httpx
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from sqlalchemy import select
from sqlalchemy.pool import QueuePool

from core.web import photo_uploads
from core.web.uploads import (
    LEFT_BEHIND_SECONDS,
    MOST_FIELDS,
    MOST_FILES,
    MOST_PLAIN_BYTES,
    sweep_spool,
)
from core.workshop.photos.imaging import MAX_BYTES
from core.workshop.photos.models import Photo
from core.workshop.photos.services import ExaminedPhoto, examine
from plugins.vehicle_presence.services import record_arrival
from tests import factories
from tests.garages import STAFF, Browser, Garage
from tests.plugins.vehicle_presence.test_check_in import wish

BAD = Path(__file__).resolve().parents[1] / "photos" / "bad"
MEGABYTE = 1024 * 1024
BOUNDARY = "a-boundary-that-no-photo-holds"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
File = tuple[str, tuple[str, bytes, str]]


class Desk:
    """The upload form on a job's card, and a planner who stands before it."""

    def __init__(self, garage: Garage, browser: Browser, job_id: str, token: str) -> None:
        self.garage = garage
        self.browser = browser
        self.card = f"/desk/jobs/{job_id}"
        self.address = f"{self.card}/photos"
        self.token = token

    async def send(self, *files: File, script: bool = False) -> httpx.Response:
        """Send files as the page would, or as its script does."""
        first: list[object] = [("csrf_token", (None, self.token))]
        headers = {"Accept": "application/json"} if script else {}
        return await self.browser.post(
            self.address,
            files=[*first, *files],  # type: ignore[arg-type]
            headers=headers,
        )

    async def send_raw(self, body: AsyncIterator[bytes] | bytes, **headers: str) -> httpx.Response:
        """Send a body that no browser would make."""
        return await self.browser.post(self.address, content=body, headers={**HEADERS, **headers})

    async def names(self) -> list[str]:
        """What the job's photos are called, oldest first."""
        async with self.garage.unit() as session:
            return list(await session.scalars(select(Photo.display_name).order_by(Photo.id)))

    def spool(self) -> list[Path]:
        """What lies where uploads are written to."""
        return list((self.garage.house.settings.data_dir / "spool").rglob("*"))


@pytest.fixture
async def desk(garage: Garage) -> Desk:
    """The form of a fresh job."""
    async with garage.unit() as session:
        job = await factories.a_job(session)
    browser = await garage.staff("planner")
    return Desk(garage, browser, str(job.id), await browser.token("/desk"))


def photo(name: str, body: bytes | None = None, kind: str = "image/jpeg") -> File:
    """A file in the form's photo field."""
    return ("photos", (name, factories.jpeg() if body is None else body, kind))


def bomb() -> bytes:
    """A PNG of few bytes and more pixels than anybody's camera has."""
    target = io.BytesIO()
    Image.new("1", (9000, 9000)).save(target, "PNG")
    return target.getvalue()


BAD_PHOTOS = {
    "a text": (b"hello", "is not a photo that we can read"),
    "a page": (b"<html><script>alert(1)</script></html>", "is not a photo that we can read"),
    "a drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a photo that we can read"),
    "a GIF": ((BAD / "decompression_bomb.gif").read_bytes(), "is not a photo that we can read"),
    "half a JPEG": (factories.jpeg()[:400], "arrived damaged or incomplete"),
    "half a HEIC": ((BAD / "truncated.heic").read_bytes(), "arrived damaged or incomplete"),
    "too many pixels": (bomb(), "has more pixels than we can handle"),
    "too many bytes": (factories.jpeg(padded_to=MAX_BYTES + 1), "is larger than 25 MB"),
}


@pytest.mark.parametrize(("body", "message"), BAD_PHOTOS.values(), ids=BAD_PHOTOS.keys())
async def test_a_bad_photo_is_named_and_the_good_one_beside_it_is_kept(
    desk: Desk, body: bytes, message: str
) -> None:
    answer = await desk.send(photo("bad.jpg", body), photo("good.jpg"))
    summary = BeautifulSoup(answer.text, "html.parser").select(".error-summary li")
    assert answer.status_code == 422
    assert [each.text.startswith(f"bad.jpg {message}") for each in summary] == [True]
    assert (await desk.names(), desk.spool()) == (["good.jpg"], [])


async def test_a_photo_with_broken_camera_data_is_a_photo(desk: Desk) -> None:
    answer = await desk.send(photo("odd.jpg", (BAD / "bad-exif.jpg").read_bytes()))
    assert (answer.status_code, await desk.names()) == (303, ["odd.jpg"])


async def test_a_script_is_told_how_many_photos_there_are(desk: Desk) -> None:
    answer = await desk.send(photo("one.jpg"), script=True)
    assert (answer.status_code, answer.json()) == (201, {"count": 1})


async def test_a_script_is_told_what_is_wrong_in_words(desk: Desk) -> None:
    answer = await desk.send(photo("note.jpg", b"hello"), script=True)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("note.jpg is not a photo")


async def test_the_same_photo_sent_again_is_one_photo(desk: Desk) -> None:
    for name in ("first.jpg", "again.jpg"):
        await desk.send(photo(name))
    assert await desk.names() == ["first.jpg"]


async def test_no_photo_at_all_is_asked_for(desk: Desk) -> None:
    answer = await desk.send(photo("", b""), photo("empty.jpg", b""))
    assert answer.status_code == 422
    assert "Please choose at least one photo." in answer.text


async def test_more_files_than_are_taken_at_once_are_left_out_with_a_word(desk: Desk) -> None:
    others = [("other", (f"{number}.txt", b"x", "text/plain")) for number in range(MOST_FILES)]
    answer = await desk.send(*others, photo("left-out.jpg"))
    assert f"Please send at most {MOST_FILES} photos at once" in answer.text
    assert (answer.status_code, await desk.names()) == (422, [])


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\Users\\me\\front.jpg", "front.jpg"),
        ("voiture très abîmée.jpg", "voiture très abîmée.jpg"),
        ("x" * 300 + ".jpg", "x" * 120),
        ("<script>.jpg", "<script>.jpg"),
    ],
)
async def test_a_files_name_is_only_ever_a_name(desk: Desk, sent: str, kept: str) -> None:
    await desk.send(photo(sent))
    card = await desk.browser.get(desk.card)
    assert await desk.names() == [kept]
    assert "<script>." not in card.text


async def test_a_body_that_says_it_is_a_gigabyte_is_refused_unread(desk: Desk) -> None:
    drawn: list[int] = []
    answer = await desk.send_raw(gigabyte(desk.token, drawn), **{"Content-Length": str(1 << 30)})
    assert answer.status_code == 413
    assert "Please send fewer or smaller files." in answer.text
    assert (len(drawn), await desk.names(), desk.spool()) == (0, [], [])


async def test_a_body_without_length_is_cut_off_where_it_becomes_too_much(desk: Desk) -> None:
    drawn: list[int] = []
    answer = await desk.send_raw(gigabyte(desk.token, drawn))
    assert answer.status_code == 413
    assert 259 < len(drawn) <= 262
    assert (await desk.names(), desk.spool()) == ([], [])


async def gigabyte(token: str, drawn: list[int]) -> AsyncIterator[bytes]:
    """A form with one photo of 1 GB; `drawn` counts the megabytes that were asked for."""
    yield part("csrf_token", token.encode()) + head("photos", "huge.jpg") + factories.jpeg()
    for number in range(1024):
        drawn.append(number)
        yield bytes(MEGABYTE)


def head(name: str, filename: str = "") -> bytes:
    """The beginning of a part of a form."""
    file = f'; filename="{filename}"' if filename else ""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()


def part(name: str, body: bytes, filename: str = "") -> bytes:
    """A whole part of a form."""
    return head(name, filename) + body + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


async def test_a_form_without_files_cannot_be_large_either(desk: Desk) -> None:
    drawn: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        yield f"csrf_token={desk.token}&x=".encode()
        for number in range(64):
            drawn.append(number)
            yield b"x" * 64 * 1024

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await desk.send_raw(endless(), **kind)
    assert answer.status_code == 413
    assert len(drawn) <= MOST_PLAIN_BYTES // (64 * 1024) + 1


async def test_a_form_without_files_is_told_what_is_missing(desk: Desk) -> None:
    answer = await desk.browser.post(desk.address, data={"csrf_token": desk.token})
    assert answer.status_code == 422


async def test_a_form_of_too_many_fields_is_refused(desk: Desk) -> None:
    fields = b"".join(part(f"f{number}", b"x") for number in range(MOST_FIELDS))
    answer = await desk.send_raw(part("csrf_token", desk.token.encode()) + fields + END)
    assert (answer.status_code, desk.spool()) == (400, [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"this is no form",
        b"--wrong-boundary\r\n\r\n",
        f"--{BOUNDARY}\r\n".encode() + b"X: " + b"y" * 100_000,
        f"--{BOUNDARY}\r\nContent-Disposition: nothing\r\n\r\nx\r\n".encode() + END,
        part("csrf_token", b"x" * 300_000),
    ],
    ids=["nothing", "no form", "wrong boundary", "endless header", "no name", "endless token"],
)
async def test_a_body_that_is_no_form_is_refused_politely(desk: Desk, body: bytes) -> None:
    answer = await desk.send_raw(body)
    assert answer.status_code in {400, 403}
    assert (BeautifulSoup(answer.text, "html.parser").h1 is not None, desk.spool()) == (True, [])


async def test_a_form_that_ends_early_keeps_nothing(desk: Desk) -> None:
    body = part("csrf_token", desk.token.encode()) + part("photos", factories.jpeg(), "a.jpg")
    answer = await desk.send_raw(body)
    assert (answer.status_code, await desk.names(), desk.spool()) == (400, [], [])


@pytest.mark.parametrize("kind", ["multipart/form-data", "text/plain", "application/json", ""])
async def test_a_body_of_another_kind_has_no_token(desk: Desk, kind: str) -> None:
    answer = await desk.send_raw(b"{}", **{"Content-Type": kind})
    assert answer.status_code == 403


async def test_a_token_that_comes_after_the_photo_comes_too_late(desk: Desk) -> None:
    body = part("photos", factories.jpeg(), "a.jpg") + part("csrf_token", desk.token.encode())
    answer = await desk.send_raw(body + END)
    assert (answer.status_code, await desk.names(), desk.spool()) == (403, [], [])


async def test_a_forged_upload_is_refused_before_its_photo_is_read(desk: Desk) -> None:
    drawn: list[int] = []
    answer = await desk.send_raw(gigabyte("0" * 64, drawn))
    assert (answer.status_code, len(drawn), desk.spool()) == (403, 0, [])


async def test_a_token_may_come_in_a_header_instead(desk: Desk) -> None:
    body = part("photos", factories.jpeg(), "a.jpg") + END
    answer = await desk.send_raw(body, **{"X-CSRF-Token": desk.token})
    assert (answer.status_code, await desk.names()) == (303, ["a.jpg"])


async def test_a_line_that_breaks_off_leaves_nothing_behind(desk: Desk) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield part("csrf_token", desk.token.encode()) + head("photos", "a.jpg")
        yield factories.jpeg()
        raise ConnectionResetError

    answer = await desk.send_raw(breaking())
    assert answer.status_code == 500
    assert (await desk.names(), desk.spool()) == ([], [])


async def test_a_file_where_a_text_belongs_is_no_failure(garage: Garage) -> None:
    browser = garage.browser()
    token = await browser.token("/desk/login")
    text = [("csrf_token", (None, token)), ("email", ("a.txt", b"x", "text/plain"))]
    answer = await browser.post("/desk/login", files=text)  # type: ignore[arg-type]
    assert answer.status_code == 422


async def test_a_file_in_place_of_the_token_is_no_token(garage: Garage) -> None:
    browser = garage.browser()
    token = (await browser.token("/desk/login")).encode()
    answer = await browser.post("/desk/login", files={"csrf_token": ("a.txt", token, "text/plain")})
    assert answer.status_code == 403


def test_what_a_killed_process_left_behind_is_removed_after_a_day(tmp_path: Path) -> None:
    for name, age in (
        ("upload-old", LEFT_BEHIND_SECONDS + 1),
        ("upload-new", 60),
        ("other", 10**7),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "0").write_bytes(factories.jpeg())
        os.utime(folder, (time.time() - age,) * 2)
    assert [sweep_spool(tmp_path), sweep_spool(tmp_path)] == [1, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "upload-new"]


@pytest.mark.parametrize(
    "address", ["/desk/jobs/{job}/photos", "/desk/jobs/{job}/check-in", "/desk/portal/logo"]
)
async def test_no_connection_to_postgresql_waits_while_somebody_sends_slowly(
    garage: Garage, address: str
) -> None:
    async with garage.unit() as session:
        job = await factories.a_job(session)
    browser = await garage.staff("owner")
    token = await browser.token("/desk")
    pool, held = garage.house.database.app_engine.pool, []

    async def slowly() -> AsyncIterator[bytes]:
        part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        yield (part % ("csrf_token", token)).encode()
        held.append(cast("QueuePool", pool).checkedout())
        yield (part % ("keys", "1") + f"--{BOUNDARY}--\r\n").encode()

    answer = await browser.post(address.format(job=job.id), content=slowly(), headers=HEADERS)
    assert held == [0]
    assert answer.status_code in {303, 404, 422}


@pytest.mark.parametrize("address", ["/desk/jobs/{job}/photos", "/desk/jobs/{job}/check-in"])
async def test_no_connection_to_postgresql_waits_while_a_photo_is_examined(
    garage: Garage, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with garage.unit() as session:
        job = await factories.a_job(session)
        await record_arrival(session, job.id, STAFF)
    await wish(garage, ask_photos="required")
    pool, held = cast("QueuePool", garage.house.database.app_engine.pool), []

    async def examined(path: Path) -> ExaminedPhoto:
        held.append(pool.checkedout())
        return await examine(path)

    monkeypatch.setattr(photo_uploads, "examine", examined)
    browser = await garage.staff("owner")
    token = await browser.token("/desk")
    answer = await browser.post(
        address.format(job=job.id),
        files=[("csrf_token", (None, token)), photo("one.jpg")],  # type: ignore[arg-type,list-item]
    )
    assert (held, answer.status_code) == ([0], 303)
