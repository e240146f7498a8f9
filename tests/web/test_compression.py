"""Answers are small for browsers that read gzip, and tell nothing by their size."""

import gzip
from collections.abc import Sequence

import httpx
import pytest
from bs4 import BeautifulSoup

from core.web.assets import CORE, Assets
from core.web.compression import SMALLEST_BYTES, Compression, reads_gzip
from tests.garages import Browser, Garage


@pytest.fixture
def page() -> str:
    return "/desk/login"


async def raw(browser: Browser, path: str, encoding: str) -> tuple[httpx.Response, bytes]:
    """An answer, and its bytes as they came over the wire."""
    async with browser.stream("GET", path, headers={"accept-encoding": encoding}) as answer:
        return answer, b"".join([chunk async for chunk in answer.aiter_raw()])


def application(parts: Sequence[bytes], kind: bytes) -> Compression:
    """One that answers with those parts."""

    async def answer(_scope: object, _receive: object, send: object) -> None:
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(b"".join(parts)))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]
        for number, part in enumerate(parts, start=1):
            more = number < len(parts)
            await send({"type": "http.response.body", "body": part, "more_body": more})  # type: ignore[operator]

    return Compression(answer)  # type: ignore[arg-type]


async def got(app: Compression, encoding: str = "gzip") -> httpx.Response:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as browser:
        return await browser.get("/", headers={"accept-encoding": encoding})


async def test_a_page_is_compressed_for_whoever_reads_gzip(garage: Garage, page: str) -> None:
    plain, whole = await raw(garage.browser(), page, "identity")
    answer, body = await raw(garage.browser(), page, "gzip, deflate, br")
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert answer.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert len(body) < len(whole) / 2
    assert b"</html>" in gzip.decompress(body)


@pytest.mark.parametrize("name", ["core/app.css", "core/app.js", "core/icons.svg"])
async def test_a_static_file_is_compressed_once_and_for_all(garage: Garage, name: str) -> None:
    asset = Assets({CORE: "core.web"}).find(Assets({CORE: "core.web"}).url(name))
    assert asset is not None
    answer, body = await raw(garage.browser(), asset.url, "gzip")
    _plain, whole = await raw(garage.browser(), asset.url, "identity")
    assert answer.headers["vary"] == "Accept-Encoding"
    assert (body, whole) == (asset.gzipped, asset.body)
    assert len(body) == int(answer.headers["content-length"]) < len(whole)


async def test_a_small_answer_and_a_picture_stay_as_they_are() -> None:
    small = await got(application([b"x" * (SMALLEST_BYTES - 1)], b"text/plain"))
    picture = await got(application([b"x" * 9_000], b"image/webp"))
    assert "content-encoding" not in small.headers
    assert "content-encoding" not in picture.headers
    assert picture.headers["content-length"] == "9000"


async def test_a_stream_is_compressed_part_by_part() -> None:
    parts = [b"one " * 500, b"", b"two " * 500, b""]
    answer = await got(application(parts, b"text/csv; charset=utf-8"))
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-length" not in answer.headers
    assert answer.content == b"".join(parts)


async def test_events_are_not_held_back() -> None:
    answer = await got(application([b"data: x\n\n" * 100], b"text/event-stream"))
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "reads"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br, deflate", False),
        ("", False),
    ],
)
def test_a_browser_says_what_it_reads(accepted: str, *, reads: bool) -> None:
    assert reads_gzip(accepted) is reads


async def test_a_forms_token_is_another_text_on_each_page_and_fits_each_time(
    garage: Garage, page: str
) -> None:
    browser = garage.browser()
    tokens = [await browser.token(page) for _ in range(3)]
    answers = [
        await browser.post(page, data={"csrf_token": token, "email": "", "password": ""})
        for token in tokens
    ]
    assert len(set(tokens)) == 3
    assert [answer.status_code for answer in answers] == [422] * 3


async def test_the_same_page_has_another_length_each_time(garage: Garage, page: str) -> None:
    browser = garage.browser()
    body = (await browser.get(page)).content
    lengths = set()
    for _ in range(12):
        packed = (await raw(browser, page, "gzip"))[1]
        assert len(gzip.decompress(packed)) == len(body)
        lengths.add(len(packed))
    assert len(lengths) > 3


async def test_a_token_that_is_none_is_refused(garage: Garage, page: str) -> None:
    browser = garage.browser()
    token = await browser.token(page)
    wrong = ["", "0" * len(token), token[:-2], token[2:] + token[:2], "zz", "é" * 20]
    statuses = [(await browser.post(page, data={"csrf_token": each})).status_code for each in wrong]
    assert statuses == [403] * len(wrong)


async def test_no_header_of_the_page_is_lost(garage: Garage, page: str) -> None:
    answer = await garage.browser().get(page)
    assert BeautifulSoup(answer.text, "html.parser").title is not None
    assert "content-security-policy" in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" in answer.headers
