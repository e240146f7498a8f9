"""How often somebody may try, counted over all processes."""

import secrets
from collections.abc import AsyncIterator

import pytest

from core.web.limits import Limiter
from tests.servers import Servers


@pytest.fixture
async def two(servers: Servers) -> AsyncIterator[tuple[Limiter, Limiter]]:
    """The counting of two web processes on one Valkey."""
    pair = (Limiter(servers.valkey.url), Limiter(servers.valkey.url))
    yield pair
    for limiter in pair:
        await limiter.close()


@pytest.fixture
async def alone() -> AsyncIterator[Limiter]:
    """The counting of a process whose Valkey is down."""
    limiter = Limiter("redis://127.0.0.1:1/0")
    yield limiter
    await limiter.close()


@pytest.fixture
def key() -> str:
    """Somebody whom no other test knows."""
    return secrets.token_hex(8)


async def test_two_processes_count_together(two: tuple[Limiter, Limiter], key: str) -> None:
    tried = [await two[number % 2].allows("3/minute", key) for number in range(5)]
    assert tried == [True, True, True, False, False]


async def test_looking_does_not_count(two: tuple[Limiter, Limiter], key: str) -> None:
    looked = [await two[0].exhausted("1/minute", key) for _ in range(3)]
    await two[0].allows("1/minute", key)
    assert (looked, await two[1].exhausted("1/minute", key)) == ([False] * 3, True)


async def test_forgetting_is_seen_by_the_other_process(
    two: tuple[Limiter, Limiter], key: str
) -> None:
    await two[0].allows("1/minute", key)
    await two[0].forget("1/minute", key)
    assert await two[1].allows("1/minute", key)


async def test_different_keys_and_different_limits_are_counted_apart(
    two: tuple[Limiter, Limiter], key: str
) -> None:
    await two[0].allows("1/minute", key)
    assert await two[0].allows("1/minute", key, "garage")
    assert await two[0].allows("1/hour", key)


async def test_a_process_alone_counts_for_itself(alone: Limiter, key: str) -> None:
    assert [await alone.allows("2/minute", key) for _ in range(3)] == [True, True, False]
    assert await alone.exhausted("2/minute", key)
    await alone.forget("2/minute", key)
    assert await alone.allows("2/minute", key)
