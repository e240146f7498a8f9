"""Uploads that can be taken up again, step by step as the tus protocol's specification says."""

import asyncio
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.clock import now
from core.workshop.photos.imaging import MAX_BYTES
from core.workshop.photos.models import Photo
from core.workshop.uploads.models import Upload
from tests import factories
from tests.garages import Garage
from tests.tus import PIECE, VERSION, Sender

BODY = factories.jpeg(padded_to=3000)


@pytest.fixture
async def sender(garage: Garage) -> Sender:
    """A planner at the card of a fresh job."""
    async with garage.unit() as session:
        job = await factories.a_job(session)
    browser = await garage.staff("planner")
    return Sender(browser, f"/desk/jobs/{job.id}/uploads", await browser.token("/desk"))


@pytest.fixture
async def address(sender: Sender) -> str:
    """Where a photo that was announced is to be sent."""
    answer = await sender.begin(len(BODY), filename="door.jpg")
    return str(answer.headers["location"])


async def names(garage: Garage) -> list[str]:
    async with garage.unit() as session:
        return list(await session.scalars(select(Photo.display_name).order_by(Photo.id)))


async def test_a_server_says_what_it_can_do(sender: Sender) -> None:
    answer = await sender.browser.options(sender.endpoint)
    assert (answer.status_code, answer.headers["tus-version"]) == (204, "1.0.0")
    assert answer.headers["tus-extension"] == "creation,expiration,termination"
    assert answer.headers["tus-max-size"] == str(MAX_BYTES)


async def test_an_upload_is_created_with_an_address_and_an_end(sender: Sender) -> None:
    answer = await sender.begin(100, filename="world_domination_plan.pdf")
    assert (answer.status_code, answer.headers["tus-resumable"]) == (201, "1.0.0")
    assert answer.headers["location"].startswith(f"{sender.endpoint}/")
    assert parsedate_to_datetime(answer.headers["upload-expires"]) > now()


async def test_an_upload_tells_how_much_of_it_has_arrived(sender: Sender, address: str) -> None:
    await sender.add(address, 0, BODY[:70])
    answer = await sender.look(address)
    assert (answer.status_code, answer.content) == (200, b"")
    told = [answer.headers[name] for name in ("upload-offset", "upload-length", "cache-control")]
    assert told == ["70", str(len(BODY)), "no-store"]
    assert answer.headers["upload-metadata"] == "filename ZG9vci5qcGc="


async def test_pieces_become_exactly_the_photo_that_was_sent(
    garage: Garage, sender: Sender, address: str
) -> None:
    first = await sender.add(address, 0, BODY[:1000])
    second = await sender.add(address, 1000, BODY[1000:1001])
    last = await sender.add(address, 1001, BODY[1001:])
    assert [each.status_code for each in (first, second, last)] == [204] * 3
    assert [each.headers["upload-offset"] for each in (first, second, last)] == [
        "1000",
        "1001",
        str(len(BODY)),
    ]
    async with garage.unit() as session:
        photo = (await session.scalars(select(Photo))).one()
        kept = await garage.house.storage.get_bytes(garage.tenant.id, photo.original_key)
    assert (photo.display_name, kept) == ("door.jpg", BODY)


async def test_a_piece_at_another_byte_than_the_missing_one_is_refused(
    sender: Sender, address: str
) -> None:
    await sender.add(address, 0, BODY[:100])
    for offset in (0, 50, 101):
        assert (await sender.add(address, offset, BODY[100:200])).status_code == 409
    assert (await sender.look(address)).headers["upload-offset"] == "100"


async def test_two_senders_of_the_same_piece_count_it_once(
    garage: Garage, sender: Sender, address: str
) -> None:
    answers = await asyncio.gather(*(sender.add(address, 0, BODY[:100]) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [204, 409, 409, 409]
    await sender.add(address, 100, BODY[100:])
    assert await names(garage) == ["door.jpg"]


async def test_a_sender_who_missed_the_last_answer_learns_it_and_doubles_nothing(
    garage: Garage, sender: Sender, address: str
) -> None:
    await sender.add(address, 0, BODY)
    assert (await sender.look(address)).headers["upload-offset"] == str(len(BODY))
    assert (await sender.add(address, len(BODY), b"")).status_code == 204
    assert await names(garage) == ["door.jpg"]


async def test_the_same_photo_sent_twice_is_one(garage: Garage, sender: Sender) -> None:
    answers = [await sender.send(BODY, filename="door.jpg") for _ in range(2)]
    assert [each.status_code for each in answers] == [204, 204]
    assert await names(garage) == ["door.jpg"]


async def test_an_upload_that_was_taken_back_is_gone_with_its_pieces(
    garage: Garage, sender: Sender, address: str
) -> None:
    await sender.add(address, 0, BODY[:100])
    assert (await sender.give_up(address)).status_code == 204
    assert (await sender.look(address)).status_code == 404
    folder = garage.house.settings.storage_url.removeprefix("file://")
    assert pieces_in(folder, garage) == []


async def test_nothing_is_left_of_the_pieces_once_the_photo_is_kept(
    garage: Garage, sender: Sender, address: str
) -> None:
    await sender.add(address, 0, BODY[:100])
    folder = garage.house.settings.storage_url.removeprefix("file://")
    assert len(pieces_in(folder, garage)) == 1
    await sender.add(address, 100, BODY[100:])
    assert pieces_in(folder, garage) == []


def pieces_in(folder: str, garage: Garage) -> list[str]:
    below = Path(folder) / "tenants" / str(garage.tenant.id) / "uploads"
    return [each.name for each in below.rglob("*") if each.is_file()]


WRONG = {
    "another version": ({"Tus-Resumable": "0.2.2"}, 412),
    "no version": ({"Tus-Resumable": ""}, 412),
    "another kind of body": ({"Content-Type": "image/jpeg"}, 415),
    "no offset": ({"Upload-Offset": ""}, 400),
    "an offset below nothing": ({"Upload-Offset": "-1"}, 400),
    "an offset in foreign digits": ({"Upload-Offset": "٣".encode().decode("latin-1")}, 400),
    "an offset beyond any file": ({"Upload-Offset": "9" * 40}, 400),
}


@pytest.mark.parametrize(("headers", "status"), WRONG.values(), ids=WRONG.keys())
async def test_a_piece_with_wrong_headers_is_refused(
    sender: Sender, address: str, headers: dict[str, str], status: int
) -> None:
    right = {**sender.headers, **PIECE, "Upload-Offset": "0"}
    wire = {name: value.encode("latin-1") for name, value in {**right, **headers}.items()}
    answer = await sender.browser.patch(address, content=BODY, headers=wire)
    assert (answer.status_code, answer.headers["tus-resumable"]) == (status, "1.0.0")
    assert ("tus-version" in answer.headers) == (status == 412)
    assert (await sender.look(address)).headers["upload-offset"] == "0"


BAD_BEGINNINGS = {
    "no length": ({}, 400),
    "no number": ({"Upload-Length": "1e3"}, 400),
    "nothing": ({"Upload-Length": "0"}, 400),
    "too much": ({"Upload-Length": str(MAX_BYTES + 1)}, 413),
    "far too much": ({"Upload-Length": "9" * 12}, 413),
    "metadata that is not Base64": ({"Upload-Length": "9", "Upload-Metadata": "name %%"}, 400),
    "endless metadata": ({"Upload-Length": "9", "Upload-Metadata": "a " + "A" * 5000}, 400),
}


@pytest.mark.parametrize(("headers", "status"), BAD_BEGINNINGS.values(), ids=BAD_BEGINNINGS.keys())
async def test_a_file_that_is_announced_wrongly_is_refused(
    sender: Sender, headers: dict[str, str], status: int
) -> None:
    answer = await sender.browser.post(sender.endpoint, headers={**sender.headers, **headers})
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_more_than_was_announced_is_refused_and_not_kept(
    sender: Sender, address: str
) -> None:
    async def endless() -> object:
        for _ in range(8):
            yield BODY

    known = await sender.add(address, 0, BODY + b"x")
    headers = {**sender.headers, **PIECE, "Upload-Offset": "0"}
    unknown = await sender.browser.patch(address, content=endless(), headers=headers)  # type: ignore[arg-type]
    assert (known.status_code, unknown.status_code) == (413, 413)
    assert (await sender.look(address)).headers["upload-offset"] == "0"


async def test_what_is_no_photo_is_refused_in_words_and_forgotten(
    garage: Garage, sender: Sender
) -> None:
    answer = await sender.send(b"Dear garage", piece=4, filename="letter.txt")
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("letter.txt is not a photo that we can read.")
    async with garage.unit() as session:
        assert await session.scalar(select(Upload.id)) is None


async def test_an_upload_has_one_owner(garage: Garage, sender: Sender, address: str) -> None:
    colleague = await garage.staff("owner")
    other = Sender(colleague, sender.endpoint, await colleague.token("/desk"))
    for answer in (
        await other.look(address),
        await other.add(address, 0, BODY),
        await other.give_up(address),
    ):
        assert answer.status_code == 404
    assert (await sender.look(address)).status_code == 200


async def test_an_upload_that_expired_is_gone(garage: Garage, sender: Sender, address: str) -> None:
    async with garage.unit() as session:
        await session.execute(update(Upload).values(expires_at=now()))
    assert (await sender.look(address)).status_code == 404
    assert (await sender.add(address, 0, BODY)).status_code == 404


async def test_a_token_in_a_form_is_no_token_for_scripts(sender: Sender) -> None:
    answer = await sender.browser.post(
        sender.endpoint,
        data={"csrf_token": sender.token},
        headers={**VERSION, "Upload-Length": "9"},
    )
    assert answer.status_code == 403
