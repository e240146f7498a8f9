"""What support sees of those who answer no HTTP."""

from core.house import House
from core.pulse import BEAT, WORKER, leave_sign_async
from tests.tenants.console.conftest import Desk


async def test_support_sees_who_of_beat_and_worker_gives_no_sign_of_life(
    house: House, desk: Desk
) -> None:
    member = await desk()
    async with house.signs_of_life() as redis:
        await leave_sign_async(redis, WORKER)
        await leave_sign_async(redis, BEAT)
        before = (await member.open("/health")).text
        await redis.delete("garagist:pulse:worker")
        after = (await member.open("/health")).text
    said = [(text.count("At work"), text.count("No sign of life")) for text in (before, after)]
    assert said == [(2, 0), (1, 1)]
