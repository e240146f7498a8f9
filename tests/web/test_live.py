"""Streams that say when something changed: to their own garage, while somebody may listen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from core.app import app_of
from core.background.celery_app import create_celery
from core.background.kick import WorkerKick
from core.embedded.valkey import EmbeddedValkey
from core.house import House
from core.web import live, live_reader
from core.web.host_router import HostRouter
from core.workshop.jobs.services import set_status
from core.workshop.notifications.live import LiveMarks, announce
from core.workshop.notifications.services import install_kick
from tests.factories import a_job
from tests.garages import STAFF, Browser, Garage
from tests.live_listening import listening
from tests.security.routes import litestar_of
from tests.servers import Servers
from tests.web_server import running_web

EVENTS = "/desk/polite/events"


@pytest.fixture
async def owner(garage: Garage) -> AsyncIterator[Browser]:
    """An owner where an outside plugin offers a stream of its own."""
    await garage.switch("polite", on=True)
    browser = await garage.staff("owner")
    yield browser
    await browser.aclose()


async def say(garage: Garage, topic: str = "polite.notes") -> None:
    async with garage.unit() as session:
        announce(session, topic)


async def say_and_fail(garage: Garage) -> None:
    async with garage.unit() as session:
        announce(session, "polite.notes")
        raise ConnectionError


async def test_a_change_is_told_after_it_is_stored(garage: Garage, owner: Browser) -> None:
    async with listening(owner, EVENTS) as heard:
        assert (await heard.next())[0] == "hello"
        await say(garage)
        assert (await heard.next())[0] == "change"
    assert heard.headers["content-type"].startswith("text/event-stream")
    assert heard.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in heard.headers["content-security-policy"]


async def test_what_is_taken_back_is_not_told(garage: Garage, owner: Browser) -> None:
    async with listening(owner, EVENTS) as heard:
        await heard.next()
        with pytest.raises(ConnectionError):
            await say_and_fail(garage)
        assert await heard.silence(1.5)


async def test_another_garage_and_another_topic_hear_nothing(
    garage: Garage, other_garage: Garage, owner: Browser
) -> None:
    async with listening(owner, EVENTS) as heard:
        await heard.next()
        await say(other_garage)
        await say(garage, "polite.something_else")
        assert await heard.silence(1.5)


async def test_who_opens_a_page_just_then_does_not_hear_it_in_place_of_others(
    garage: Garage, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_reader, "LOOK_SECONDS", 2.0)
    async with listening(owner, EVENTS) as heard:
        await heard.next()
        await asyncio.sleep(0.1)  # the reader has looked, and sleeps
        await say(garage)
        async with listening(owner, EVENTS) as newcomer:
            await newcomer.next()
            assert (await heard.next())[0] == "change"


async def test_another_process_hears_it_too(
    garage: Garage, owner: Browser, second_process: HostRouter
) -> None:
    elsewhere = await Garage(garage.house, second_process, garage.tenant).staff("technician")
    async with listening(elsewhere, EVENTS) as heard:
        await heard.next()
        await say(garage)
        assert (await heard.next())[0] == "change"
    litestar_of(second_process).state.resources.live.stop()


async def test_who_comes_back_is_told_what_happened_meanwhile(
    garage: Garage, owner: Browser
) -> None:
    await say(garage)
    async with listening(owner, EVENTS) as heard:
        _event, mark = await heard.next()
    async with listening(owner, EVENTS, last=mark) as heard:
        assert await heard.next() == ("hello", mark)
    await say(garage)
    async with listening(owner, EVENTS, last=mark) as heard:
        event, fresh = await heard.next()
    assert event == "change"
    assert fresh != mark


async def test_what_happened_between_a_page_and_its_stream_is_told(
    garage: Garage, owner: Browser
) -> None:
    seen = (await owner.get(EVENTS)).text
    async with listening(owner, f"{EVENTS}?seen={seen}") as heard:
        assert await heard.next() == ("hello", seen)
    await say(garage)
    async with listening(owner, f"{EVENTS}?seen={seen}") as heard:
        event, fresh = await heard.next()
    assert event == "change"
    async with listening(owner, f"{EVENTS}?seen={seen}", last=fresh) as heard:
        assert await heard.next() == ("hello", fresh)  # what it heard itself counts


async def test_whoever_wants_no_stream_gets_the_mark(garage: Garage, owner: Browser) -> None:
    await say(garage)
    before = (await owner.get(EVENTS)).text
    assert (await owner.get(EVENTS)).text == before
    await say(garage)
    assert (await owner.get(EVENTS)).text != before


async def test_a_change_of_any_job_is_told_under_cores_own_topic(garage: Garage) -> None:
    browser = await garage.staff("planner")
    async with garage.unit() as session:
        job_id = (await a_job(session)).id
    async with listening(browser, "/desk/on-site/events") as heard:
        await heard.next()
        async with garage.unit() as session:
            await set_status(session, job_id, "ready", STAFF)
        assert (await heard.next())[0] == "change"


async def test_nobody_listens_without_a_login(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    async with listening(garage.browser(), EVENTS) as heard:
        await heard.ended()
    assert heard.status == 303


async def test_a_stream_ends_with_its_login(
    garage: Garage, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.3)
    async with listening(owner, EVENTS) as heard:
        await heard.next()
        await owner.submit("/desk/logout", page="/desk")
        assert (await heard.next())[0] == "end"
        await heard.ended()


async def test_a_stream_ends_where_its_plugin_is_switched_off(
    garage: Garage, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.3)
    async with listening(owner, EVENTS) as heard:
        await heard.next()
        await garage.switch("polite", on=False)
        assert (await heard.next())[0] == "end"
        await heard.ended()
    assert (await owner.get(EVENTS)).status_code == 404


async def test_a_stream_holds_no_connection_to_the_database(garage: Garage, owner: Browser) -> None:
    pool = garage.house.database.app_engine.pool
    async with listening(owner, EVENTS) as heard:
        await heard.next()
        assert pool.checkedout() == 0  # type: ignore[attr-defined]  # a queue pool counts


async def test_a_person_opens_only_so_many(
    garage: Garage, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_PER_PERSON", 1)
    async with listening(owner, EVENTS) as heard:
        await heard.next()
        async with listening(owner, EVENTS) as refused:
            await refused.ended()
        assert refused.status == 429
        technician = await garage.staff("technician")
        async with listening(technician, EVENTS) as colleague:
            assert (await colleague.next())[0] == "hello"
    async with listening(owner, EVENTS) as heard:
        assert (await heard.next())[0] == "hello"


async def test_pages_opened_at_the_same_moment_are_counted_too(
    owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_PER_PERSON", 1)
    async with AsyncExitStack() as all_of_them:
        streams = await asyncio.gather(
            *(all_of_them.enter_async_context(listening(owner, EVENTS)) for _ in range(5))
        )
        said = [(await each.next())[0] for each in streams if each.status == 200]
    assert said.count("hello") == 1
    assert set(said) <= {"hello", "down"}


@pytest.fixture
async def cut_off(
    servers: Servers, house: House, garage: Garage, tmp_path: Path
) -> AsyncIterator[tuple[Garage, EmbeddedValkey]]:
    """A garage in a process whose marks live in a Redis of their own."""
    valkey = EmbeddedValkey(tmp_path, durable=False)
    valkey.start()
    marks = LiveMarks(valkey.url)
    app = app_of(replace(house, live=marks))
    await garage.switch("polite", on=True)
    yield Garage(house, app, garage.tenant), valkey
    valkey.stop()
    install_kick(WorkerKick(create_celery(house.settings)))
    resources = litestar_of(app).state.resources
    resources.live.stop()
    await resources.limiter.close()
    await marks.close()


async def test_with_redis_down_a_page_is_told_that_it_is_not_live(
    cut_off: tuple[Garage, EmbeddedValkey],
) -> None:
    garage, valkey = cut_off
    browser = await garage.staff("owner")
    async with listening(browser, EVENTS) as heard:
        await heard.next()
        valkey.stop()
        assert (await heard.next())[0] == "down"
        await asyncio.to_thread(valkey.start)
        assert (await heard.next())[0] == "change"


async def test_with_redis_down_nobody_waits_for_an_announcement(tmp_path: Path) -> None:
    marks = LiveMarks("redis://127.0.0.1:1/0")
    loop = asyncio.get_running_loop()
    started = loop.time()
    for _ in range(20):
        await marks.change(uuid4(), ["a"])
    assert loop.time() - started < 2
    await marks.close()


async def test_a_real_server_streams_and_ends_its_streams_before_it_stops(
    garage: Garage, owner: Browser
) -> None:
    cookies = {cookie.name: cookie.value or "" for cookie in owner.cookies.jar}
    headers = {"Host": garage.host, "Accept": "text/event-stream"}
    with running_web(garage.house.settings) as server:
        async with (
            httpx.AsyncClient(base_url=server.url, cookies=cookies, timeout=60) as client,
            client.stream("GET", EVENTS, headers=headers) as answer,
        ):
            lines = answer.aiter_lines()
            async with asyncio.timeout(60):
                while "hello" not in await anext(lines):
                    pass
                await say(garage)
                while "change" not in await anext(lines):
                    pass
            server.process.terminate()
            async with asyncio.timeout(60):
                said = [line async for line in lines]  # else it raises that the stream was cut off
            await asyncio.to_thread(server.process.wait, 60)
    assert not [line for line in said if line.startswith("event:")]
