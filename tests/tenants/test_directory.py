"""Looking garages up, and how a change reaches every process."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from core.embedded.process import free_port
from core.embedded.valkey import EmbeddedValkey
from core.house import House
from core.memory import ENTRY_BYTES
from tenants import directory, epoch, repository
from tenants.activation import Switching, enable
from tenants.epoch import BLIND_SECONDS, LOOK_SECONDS
from tenants.lifecycle import close_garage
from tests.garages import SUPPORT, Garage
from tests.servers import BASE_DOMAIN, Servers
from tests.tenants.processes import another_process
from tests.waiting import until

A_LITTLE = 1.0
"""For a busy machine."""


@pytest.fixture
async def elsewhere(house: House) -> AsyncIterator[Switching]:
    """Another process."""
    async with another_process(house) as other:
        yield other


async def sees(process: Switching, garage: Garage, plugin: str) -> bool:
    """Whether that process takes the plugin for on."""
    found = await process.directory.by_host(garage.host)
    return found is not None and found.has_plugin(plugin)


@pytest.mark.parametrize("on", [True, False])
async def test_a_switch_reaches_another_process_within_its_bound(
    garage: Garage, elsewhere: Switching, on: bool
) -> None:
    plugin = "polite" if on else "vehicle_presence"
    assert await sees(elsewhere, garage, plugin) is not on
    await garage.switch(plugin, on=on)

    async def is_seen() -> bool:
        return await sees(elsewhere, garage, plugin) is on

    await until(is_seen, seconds=LOOK_SECONDS + A_LITTLE)


async def test_with_redis_down_it_reaches_it_within_the_longer_bound(
    house: House, garage: Garage
) -> None:
    async with another_process(house, f"redis://127.0.0.1:{free_port()}/0") as elsewhere:
        assert not await sees(elsewhere, garage, "polite")
        await garage.switch("polite", on=True)
        await until(lambda: sees(elsewhere, garage, "polite"), seconds=BLIND_SECONDS + A_LITTLE)


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """A Redis that a test may stop."""
    valkey = EmbeddedValkey(tmp_path, durable=False)
    valkey.start()
    yield valkey
    valkey.stop()


@asynccontextmanager
async def way_to(port: int, through: int) -> AsyncIterator[None]:
    """A way to a server on `port` by another port, while the block lasts."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    async with await asyncio.start_server(join, "127.0.0.1", through):
        yield


async def test_a_switch_that_could_not_be_told_is_told_as_soon_as_it_can(
    house: House,
    garage: Garage,
    servers: Servers,
    elsewhere: Switching,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(epoch, "REMEMBER_SECONDS", float("inf"))  # else it may be read afresh
    port = free_port()
    url = servers.valkey.url.replace(f":{servers.valkey.port}/", f":{port}/")
    async with another_process(house, url) as here:
        assert not await sees(elsewhere, garage, "polite")
        await enable(here, garage.slug, "polite", SUPPORT, reason="x")
        await asyncio.sleep(LOOK_SECONDS)
        assert not await sees(elsewhere, garage, "polite")
        async with way_to(servers.valkey.port, port):
            await asyncio.sleep(LOOK_SECONDS)
            assert await sees(here, garage, "polite")
            await until(lambda: sees(elsewhere, garage, "polite"), seconds=LOOK_SECONDS + A_LITTLE)


async def test_a_redis_that_lost_its_data_cannot_hide_a_switch(
    house: House, garage: Garage, own_valkey: EmbeddedValkey
) -> None:
    async with (
        another_process(house, own_valkey.url) as here,
        another_process(house, own_valkey.url) as elsewhere,
    ):
        await enable(here, garage.slug, "polite", SUPPORT, reason="x")
        await until(lambda: sees(elsewhere, garage, "polite"), seconds=2)
        own_valkey.stop()
        own_valkey.start()
        await enable(here, garage.slug, "rude", SUPPORT, reason="x")
        await until(lambda: sees(elsewhere, garage, "rude"), seconds=LOOK_SECONDS + A_LITTLE)
        assert await sees(elsewhere, garage, "polite")


async def test_what_nobody_told_is_read_afresh_in_the_end(
    house: House, garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epoch, "REMEMBER_SECONDS", 0.5)
    async with another_process(house) as elsewhere:
        assert not await sees(elsewhere, garage, "polite")
        async with another_process(house, f"redis://127.0.0.1:{free_port()}/0") as mute:
            await enable(mute, garage.slug, "polite", SUPPORT, reason="x")
        await until(
            lambda: sees(elsewhere, garage, "polite"), seconds=0.5 + LOOK_SECONDS + A_LITTLE
        )


async def test_a_remembered_garage_costs_neither_redis_nor_the_database(
    garage: Garage, elsewhere: Switching, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    get, by_slug = Redis.get, repository.by_slug

    def noted_get(redis: Redis, key: str) -> Any:
        asked.append(key)
        return get(redis, key)

    def noted_by_slug(session: AsyncSession, slug: str) -> Any:
        asked.append(slug)
        return by_slug(session, slug)

    monkeypatch.setattr(Redis, "get", noted_get)
    monkeypatch.setattr(repository, "by_slug", noted_by_slug)
    monkeypatch.setattr(epoch, "REMEMBER_SECONDS", float("inf"))
    await elsewhere.directory.by_host(garage.host)
    assert asked == [epoch.KEY, garage.slug]
    began = time.monotonic()
    for _ in range(200):
        await elsewhere.directory.by_host(garage.host)
    looks = 1 + (time.monotonic() - began) / LOOK_SECONDS
    assert asked[2:] == [epoch.KEY] * len(asked[2:])
    assert len(asked[2:]) <= looks


async def test_those_who_ask_at_the_same_time_wait_for_one_answer(
    garage: Garage, elsewhere: Switching, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    by_slug = repository.by_slug

    def noted(session: AsyncSession, slug: str) -> Any:
        asked.append(slug)
        return by_slug(session, slug)

    await elsewhere.directory.by_host(f"nobody.{BASE_DOMAIN}")  # so that the mark is known
    monkeypatch.setattr(repository, "by_slug", noted)
    found = await asyncio.gather(*(elsewhere.directory.by_host(garage.host) for _ in range(20)))
    assert {each.slug for each in found if each is not None} == {garage.slug}
    assert len(found) == 20
    assert asked == [garage.slug]


async def test_those_who_ask_for_unknown_names_drive_no_garage_out(
    house: House, garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epoch, "REMEMBER_SECONDS", float("inf"))
    monkeypatch.setattr(directory, "MOST_STRANGERS_BYTES", 5 * ENTRY_BYTES)
    asked: list[str] = []
    by_slug = repository.by_slug

    def noted(session: AsyncSession, slug: str) -> Any:
        asked.append(slug)
        return by_slug(session, slug)

    monkeypatch.setattr(repository, "by_slug", noted)
    async with another_process(house) as process:
        names = [garage.slug, *(f"nobody-{number}" for number in range(40)), garage.slug]
        for name in names:
            await process.directory.by_host(f"{name}.{BASE_DOMAIN}")
        assert asked == names[:-1], "the garage is remembered"
        await process.directory.by_host(f"nobody-39.{BASE_DOMAIN}")
        await process.directory.by_host(f"nobody-0.{BASE_DOMAIN}")
        assert asked[len(names) - 1 :] == ["nobody-0"], "of unknown names only the latest are"


async def test_unknown_names_are_looked_up_a_few_at_a_time_and_leave_connections_to_others(
    house: House, garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "HOSTS_AT_ONCE", 2)
    may_go_on = asyncio.Event()
    asked: list[str] = []
    by_slug = repository.by_slug

    async def slowly(session: AsyncSession, slug: str) -> Any:
        asked.append(slug)
        await may_go_on.wait()
        return await by_slug(session, slug)

    monkeypatch.setattr(repository, "by_slug", slowly)
    async with another_process(house) as process:
        names = [f"nobody-{number}.{BASE_DOMAIN}" for number in range(20)]
        asking = [asyncio.create_task(process.directory.by_host(name)) for name in names]
        assert await process.directory.by_id(garage.tenant.id) is not None
        assert len(asked) == 2
        may_go_on.set()
        assert await asyncio.gather(*asking) == [None] * 20


async def test_of_many_garages_those_that_nobody_visits_are_forgotten(
    house: House, garage: Garage, other_garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epoch, "REMEMBER_SECONDS", float("inf"))
    monkeypatch.setattr(directory, "MOST_GARAGES_BYTES", 2 * (directory.GARAGE_BYTES + ENTRY_BYTES))
    found: list[str] = []
    by_slug, by_id = repository.by_slug, repository.by_id

    def noted(session: AsyncSession, slug: str) -> Any:
        found.append(slug)
        return by_slug(session, slug)

    def noted_id(session: AsyncSession, tenant_id: Any) -> Any:
        found.append("by id")
        return by_id(session, tenant_id)

    monkeypatch.setattr(repository, "by_slug", noted)
    monkeypatch.setattr(repository, "by_id", noted_id)
    async with another_process(house) as process:
        for host in (garage.host, other_garage.host, garage.host):
            assert await process.directory.by_host(host) is not None
        assert await process.directory.by_id(other_garage.tenant.id) is not None
        for host in (garage.host, other_garage.host):
            assert await process.directory.by_host(host) is not None
    assert found == [garage.slug, other_garage.slug, "by id", other_garage.slug]


async def test_who_asks_after_a_change_does_not_get_what_was_being_read_before_it(
    garage: Garage, elsewhere: Switching, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_read, may_go_on = asyncio.Event(), asyncio.Event()
    find = repository.activations

    async def slowly(session: AsyncSession, tenant_ids: list[Any]) -> Any:
        found = await find(session, tenant_ids)
        if not is_read.is_set():
            is_read.set()
            await may_go_on.wait()
        return found

    monkeypatch.setattr(repository, "activations", slowly)
    before = asyncio.create_task(sees(elsewhere, garage, "polite"))
    await is_read.wait()
    await garage.switch("polite", on=True)
    await elsewhere.directory.forget()
    assert await sees(elsewhere, garage, "polite")
    may_go_on.set()
    assert not await before
    assert await sees(elsewhere, garage, "polite"), "what was read before is not kept either"


def test_garages_that_were_read_together_are_not_all_read_again_together() -> None:
    seconds = {directory.believed_seconds(f"host:g{number}") for number in range(200)}
    assert len(seconds) > 50
    assert epoch.REMEMBER_SECONDS / 2 <= min(seconds) < max(seconds) <= epoch.REMEMBER_SECONDS


@pytest.mark.parametrize("host", [f"x.{{slug}}.{BASE_DOMAIN}", "{slug}.example.com", "{slug}"])
async def test_only_the_exact_host_is_the_garage(garage: Garage, host: str) -> None:
    assert await garage.house.directory.by_host(host.format(slug=garage.slug)) is None


async def test_a_garage_is_the_same_by_host_name_and_id(garage: Garage) -> None:
    directory = garage.house.directory
    by_host = await directory.by_host(garage.host)
    assert by_host == await directory.by_slug(garage.slug) == garage.tenant
    assert await directory.by_id(garage.tenant.id) == garage.tenant


async def test_a_closed_garage_is_gone_in_every_process_and_every_way(
    garage: Garage, elsewhere: Switching
) -> None:
    house = garage.house
    assert await elsewhere.directory.by_host(garage.host) is not None
    await close_garage(house.database, house.directory, garage.slug, SUPPORT, reason="moved")

    async def is_gone() -> bool:
        return await elsewhere.directory.by_host(garage.host) is None

    await until(is_gone, seconds=LOOK_SECONDS + A_LITTLE)
    assert await elsewhere.directory.by_id(garage.tenant.id) is None
    assert garage.tenant.id not in await elsewhere.directory.open_ids()


async def test_work_at_the_desk_is_noted_for_support(house: House, garage: Garage) -> None:
    browser = await garage.staff("owner")
    await browser.open("/desk")
    async with house.database.platform_unit_of_work() as session:
        tenant = await repository.by_id(session, garage.tenant.id)
    assert tenant is not None
    assert tenant.last_activity_at is not None
