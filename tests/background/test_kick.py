"""Telling a worker at once, and what its messages carry."""

import asyncio
import base64
import inspect
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from structlog.contextvars import bound_contextvars, get_contextvars

from core.background.celery_app import DELIVER, DELIVER_DUE, FAN_OUT, SCHEDULED, create_celery
from core.background.kick import WorkerKick
from core.background.process import WorkerProcess
from core.background.tasks import register_tasks
from core.embedded.process import free_port
from core.workshop.notifications import repository, services
from core.workshop.notifications.services import enqueue
from tests.garages import Garage
from tests.servers import Servers

QUEUE = "garagist:garagist"


@pytest.fixture
async def queue(servers: Servers) -> AsyncIterator[Redis]:
    """An empty queue that no worker reads."""
    redis = Redis.from_url(servers.valkey.url.removesuffix("/0") + "/2")
    await redis.flushdb()
    yield redis
    await redis.aclose()


async def sent_in(queue: Redis) -> list[tuple[str, list[Any]]]:
    """(task, arguments) of every message."""
    messages = [json.loads(raw) for raw in await queue.lrange(QUEUE, 0, -1)]
    return [
        (message["headers"]["task"], json.loads(base64.b64decode(message["body"]))[0])
        for message in messages
    ]


async def finished(before: set[asyncio.Task[Any]]) -> list[Any]:
    """What became of the tasks that were begun since."""
    return await asyncio.gather(*(asyncio.all_tasks() - before), return_exceptions=True)


async def test_a_kick_names_its_garage_and_nothing_else(servers: Servers, queue: Redis) -> None:
    settings = servers.settings(redis_url=servers.valkey.url.removesuffix("/0") + "/2")
    before, tenant_id = asyncio.all_tasks(), uuid4()
    WorkerKick(create_celery(settings))(tenant_id)
    assert await finished(before) == [None]
    assert await sent_in(queue) == [(DELIVER, [str(tenant_id)])]


async def test_what_a_worker_does_for_a_request_is_logged_with_the_requests_id(
    servers: Servers, queue: Redis
) -> None:
    settings = servers.settings(redis_url=servers.valkey.url.removesuffix("/0") + "/2")
    before = asyncio.all_tasks()
    with bound_contextvars(request="the-request"):
        WorkerKick(create_celery(settings))(uuid4())
    await finished(before)
    (message,) = [json.loads(raw) for raw in await queue.lrange(QUEUE, 0, -1)]
    seen: list[object] = []

    class Process(WorkerProcess):
        def run(self, _work: object) -> None:  # type: ignore[override] # only what is bound counts
            seen.append(get_contextvars().get("request"))

    worker = create_celery(settings)
    register_tasks(worker, Process(lambda: pytest.fail("no door is opened")))
    task = worker.tasks[DELIVER]
    task.push_request(**message["headers"])
    task.run(str(uuid4()))
    task.pop_request()
    assert seen == ["the-request"]
    assert get_contextvars().get("request") is None


@pytest.fixture
def mute(servers: Servers) -> WorkerKick:
    """A kick that finds no Redis."""
    settings = servers.settings(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    return WorkerKick(create_celery(settings))


async def test_with_redis_down_kicks_neither_wait_nor_raise_nor_pile_up(mute: WorkerKick) -> None:
    before, began = asyncio.all_tasks(), time.perf_counter()
    for _ in range(50):
        mute(uuid4())
    assert time.perf_counter() - began < 0.5
    assert await asyncio.to_thread(lambda: "a thread is free") == "a thread is free"
    assert time.perf_counter() - began < 3
    assert await finished(before) == [None] * 50
    assert time.perf_counter() - began < 30


async def test_with_redis_down_what_was_asked_for_is_stored_all_the_same(
    mute: WorkerKick, garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_kick", [mute])
    before, began = asyncio.all_tasks(), time.perf_counter()
    async with garage.unit() as session:
        await enqueue(session, "polite.hello", {"what": "x"}, key="stored")
    assert time.perf_counter() - began < 3
    assert await finished(before) == [None]
    async with garage.unit() as session:
        assert await repository.by_key(session, "stored") is not None


def test_every_task_but_the_fan_out_asks_for_a_garage(servers: Servers) -> None:
    celery = create_celery(servers.settings())
    register_tasks(celery, WorkerProcess(lambda: pytest.fail("no door is opened")))
    ours = {name: task for name, task in celery.tasks.items() if name.startswith("garagist.")}
    assert set(ours) == {DELIVER, DELIVER_DUE, FAN_OUT, SCHEDULED}
    for name in (DELIVER, SCHEDULED):
        first = next(iter(inspect.signature(ours[name].run).parameters.values()))
        assert (first.name, first.default) == ("tenant_id", inspect.Parameter.empty)


def test_what_beat_sends_is_known_to_the_worker_and_expires(servers: Servers) -> None:
    celery = create_celery(servers.settings())
    entries = list(celery.conf.beat_schedule.values())
    assert {entry["task"] for entry in entries} == {DELIVER_DUE, FAN_OUT}
    assert all(0 < entry["options"]["expires"] <= 120 for entry in entries)


def test_a_message_comes_back_far_later_than_a_task_may_last(servers: Servers) -> None:
    settings = create_celery(servers.settings()).conf
    assert settings.task_acks_late
    assert settings.task_reject_on_worker_lost
    assert settings.broker_transport_options["visibility_timeout"] > 5 * settings.task_time_limit
    assert settings.task_soft_time_limit < settings.task_time_limit
