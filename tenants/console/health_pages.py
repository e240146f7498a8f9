"""What is broken: plugins that fail, work that waits or was given up."""

import time
from dataclasses import dataclass
from typing import Any

import structlog
from litestar import Request, get
from litestar.di import NamedDependency
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.hooks.manager import HookManager
from core.pulse import is_silent, silence
from core.web.rendering import Page
from core.web.resources import resources_of
from core.workshop.notifications.repository import backlog
from tenants import repository
from tenants.console.rendering import page
from tenants.console.words import plugin_label

log = structlog.get_logger(__name__)

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class FaultLine:
    """A plugin's hook that failed in a garage; `is_left_out` while its breaker is open."""

    slug: str
    label: str
    in_a_row: int
    last_error: str
    is_left_out: bool


@get("/health")
async def health_page(
    request: Request[Any, Any, Any], session: NamedDependency[AsyncSession]
) -> Page:
    """Faults are those that the process at hand has seen; the outbox is everybody's. What belongs
    to closed garages is nobody's worry."""
    resources = resources_of(request)
    waiting = await backlog(session, now())
    slugs = await repository.open_slugs(
        session,
        {each.tenant_id for each in waiting} | {tenant for tenant, *_ in resources.hooks.faults},
    )
    return page(
        request,
        "support/health.html",
        silent=await _silent(resources.extras["signs_of_life"]),
        broken=resources.extras.get("broken_plugins", ()),
        faults=_faults(resources.hooks, slugs),
        waiting=[(slugs[each.tenant_id], each) for each in waiting if each.tenant_id in slugs][
            :MOST_SHOWN
        ],
    )


async def _silent(redis: Redis) -> dict[str, bool] | None:
    """Who of beat and worker gives no sign of life; None where Redis does not answer."""
    try:
        return {who: is_silent(seconds) for who, seconds in (await silence(redis)).items()}
    except (RedisError, OSError):
        log.warning("health.redis_down")
        return None


def _faults(hooks: HookManager, slugs: dict[Any, str]) -> list[FaultLine]:
    moment = time.monotonic()
    lines = [
        FaultLine(
            slug=slugs[tenant_id],
            label=plugin_label(hooks.manifests, plugin),
            in_a_row=fault.count,
            last_error=fault.last_error,
            is_left_out=fault.open_until > moment,
        )
        for (tenant_id, plugin, _hook), fault in hooks.faults.items()
        if tenant_id in slugs
    ]
    return sorted(lines, key=lambda line: (-line.in_a_row, line.slug))[:MOST_SHOWN]


HANDLERS = [health_page]
