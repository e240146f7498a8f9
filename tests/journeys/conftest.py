"""The running demo and a real Chromium for all journeys of a run."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright
from redis.asyncio import Redis

from core.cli.house_console import in_house
from core.clock import frozen, now
from core.demo.preparation import leave_out_last_night
from core.house import House
from tests import browser as chromium
from tests.demo_run import DemoRun, start_demo
from tests.journeys.people import People
from tests.worlds import as_it_was

HERE = Path(__file__).parent
OPTIONS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.localhost 127.0.0.1",
)


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys share one demo and have the machine to themselves. None runs without a browser, nor
    does a look at a page in process, which any worker can take."""
    missing = chromium.find() is None
    for item in items:
        if HERE not in item.path.parents:
            continue
        if "demo" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.journey)
        if missing and os.environ.get("CI") != "true":
            item.add_marker(pytest.mark.skip(reason="no browser: install Debian's chromium"))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRun]:
    """The demo, started by `make demo` and stopped by Ctrl-C."""
    run = start_demo(tmp_path_factory.mktemp("demo"))
    try:
        leave_out_the_next_night(run)
        yield run
    finally:
        run.stop()


def leave_out_the_next_night(run: DemoRun) -> None:
    """Whatever the hour is, no night's work begins while journeys look at what it would change:
    forgotten vehicles leave at four."""
    began = now()

    async def leave_out(house: House) -> None:
        for hour in range(24):
            with frozen(began + timedelta(hours=hour)):
                await leave_out_last_night(house)

    with as_it_was():
        in_house(run.settings(), leave_out)


@pytest.fixture(scope="session")
async def chrome() -> AsyncIterator[Browser]:
    """Chromium."""
    path = chromium.find()
    assert path is not None, "no browser"
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=path, args=[*OPTIONS, *sandbox])
        yield running
        await running.close()


@pytest.fixture
async def people(chrome: Browser, demo: DemoRun) -> AsyncIterator[People]:
    """Whoever sits down at a browser, as if nobody had been here in the last hours: all journeys
    come from one address, and its limits are not what they are about."""
    async with Redis.from_url(demo.settings().redis_url) as redis:
        async for key in redis.scan_iter("*garagist:limits*"):
            await redis.delete(key)
    gathered = People(chrome, demo)
    yield gathered
    await gathered.leave()
