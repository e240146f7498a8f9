"""The clock of which only one ticks."""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from core.background.beat import LOCK_KEY, LOCK_SECONDS, LOOK_AGAIN_SECONDS, OneBeatScheduler
from core.background.celery_app import create_celery
from core.background.process import Doors
from core.background.tasks import deliver_in, look_for_work, run_scheduled
from core.embedded.process import free_port
from core.pulse import BEAT, SILENT_SECONDS, WORKER, is_silent, silence
from tests.garages import Garage
from tests.servers import Servers


@pytest.fixture
def redis(servers: Servers) -> Iterator[Redis]:
    """A Redis that no other beat looks at."""
    with Redis.from_url(servers.valkey.url.removesuffix("/0") + "/3") as client:
        client.flushdb()
        yield client


def a_beat(servers: Servers, redis_url: str | None = None) -> OneBeatScheduler:
    """A beat's scheduler, which is not started."""
    url = redis_url or servers.valkey.url.removesuffix("/0") + "/3"
    celery = create_celery(servers.settings(redis_url=url))
    return OneBeatScheduler(celery, lazy=True)


def sent(redis: Redis) -> int:
    """How many messages wait for a worker."""
    return int(redis.llen("garagist:garagist"))


def test_of_two_beats_only_the_first_sends(servers: Servers, redis: Redis) -> None:
    first, second = a_beat(servers), a_beat(servers)
    for beat in (first, second):
        beat.setup_schedule()
        for entry in beat.schedule.values():
            entry.last_run_at = entry.last_run_at.replace(year=2020)
    for _ in range(4):
        second_waits = (first.tick(), second.tick())[1]
    assert sent(redis) == 2
    assert second_waits == LOOK_AGAIN_SECONDS


def test_the_lock_runs_out_by_itself_and_is_prolonged_while_its_owner_ticks(
    servers: Servers, redis: Redis
) -> None:
    beat = a_beat(servers)
    beat.tick()
    redis.pexpire(LOCK_KEY, 2000)
    beat.tick()
    assert 2 < redis.ttl(LOCK_KEY) <= LOCK_SECONDS
    assert LOCK_SECONDS > 2 * LOOK_AGAIN_SECONDS


async def test_a_beat_that_ticks_and_a_worker_that_looks_for_work_give_a_sign(
    servers: Servers, redis: Redis, doors: Doors
) -> None:
    async with AsyncRedis.from_url(servers.valkey.url.removesuffix("/0") + "/3") as client:
        assert await silence(client) == {BEAT: None, WORKER: None}
        a_beat(servers).tick()
        await look_for_work(replace(doors, redis=client))
        found = await silence(client)
        assert not any(map(is_silent, found.values())), found
        redis.set("garagist:pulse:beat", int(time.time()) - SILENT_SECONDS - 5)
        assert is_silent((await silence(client))[BEAT])


async def test_a_worker_that_is_long_at_other_work_gives_a_sign_too(
    servers: Servers, redis: Redis, doors: Doors, garage: Garage
) -> None:
    tenant_id = garage.tenant.id
    async with AsyncRedis.from_url(servers.valkey.url.removesuffix("/0") + "/3") as client:
        here = replace(doors, redis=client)
        for work in (
            partial(deliver_in, here, tenant_id),
            partial(run_scheduled, here, tenant_id, "polite.gone", "gone"),
        ):
            redis.delete("garagist:pulse:worker")
            await work()
            assert not is_silent((await silence(client))[WORKER]), work


def test_a_beat_that_stops_lets_another_take_over_at_once(servers: Servers, redis: Redis) -> None:
    first, second = a_beat(servers), a_beat(servers)
    first.tick()
    first.close()
    assert not redis.exists(LOCK_KEY)
    second.tick()
    assert redis.exists(LOCK_KEY)


def test_a_beat_that_lost_its_lock_leaves_it_to_its_new_owner(
    servers: Servers, redis: Redis
) -> None:
    slow, quick = a_beat(servers), a_beat(servers)
    slow.tick()
    redis.delete(LOCK_KEY)  # as if it had run out
    quick.tick()
    owner = redis.get(LOCK_KEY)
    slow.tick()
    slow.close()
    assert redis.get(LOCK_KEY) == owner


def test_with_redis_down_a_beat_waits_and_goes_on(servers: Servers) -> None:
    beat = a_beat(servers, f"redis://127.0.0.1:{free_port()}/0")
    assert beat.tick() == LOOK_AGAIN_SECONDS
    beat.close()
