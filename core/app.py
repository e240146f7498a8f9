"""The composition root of the web: garages, the support console and, in the demo, the mailbox."""

import asyncio
import gc
from collections.abc import Callable
from functools import partial

from redis.asyncio import Redis
from sqlalchemy import text

from core.background.celery_app import create_celery
from core.background.kick import WorkerKick
from core.db.migrate import SchemaWatch
from core.house import House, open_assets, open_house, open_templates
from core.logs import configure_logs
from core.mailbox.page import create_mailbox_app
from core.memory import Memory
from core.pulse import BEAT, WORKER, is_silent, silence
from core.settings import RUNTIME_SETTINGS, Settings, load_settings
from core.web.garage_app import create_garage_app
from core.web.host_router import HostRouter
from core.web.limits import Limiter
from core.web.live_reader import LiveReader
from core.web.readiness import Readiness
from core.web.resources import Resources
from core.web.uploads import keep_spool_clean
from core.workshop.notifications.services import install_kick
from tenants.activation import change_own_settings
from tenants.console.app import create_console_app

SUPPORT_HOST = "support"
MAIL_HOST = "mail"
MAIL_FOLDER = "mail"


def create_app(settings: Settings | None = None) -> HostRouter:
    """The ASGI application. It refuses to start on a database that it does not fit.

    Raises:
        SettingsError: a setting is missing or wrong.
        PluginError: a plugin is broken, and `SAFE_MODE` is off.
    """
    settings = settings or load_settings()
    settings.require(*RUNTIME_SETTINGS)
    return app_of(open_house(settings, statement_seconds=settings.statement_seconds))


def _leave_the_code_alone() -> None:
    """Whatever is there by now stays until the process ends: modules, routes, templates. The
    collector need not go over it again and again, a fifth of a second each time."""
    gc.collect()
    gc.freeze()


def app_of(house: House) -> HostRouter:
    """The application in a house that is already open; closing it closes the house."""
    settings = house.settings
    assets = open_assets(house.hooks)
    signs = house.signs_of_life()
    resources = Resources(
        settings=settings,
        database=house.database,
        directory=house.directory,
        hooks=house.hooks,
        storage=house.storage,
        limiter=Limiter(settings.redis_url),
        templates=open_templates(house.hooks, assets),
        assets=assets,
        live=LiveReader(house.live),
        drawn=Memory(settings.remembered_megabytes * 2_000_000 // 3),
        change_own_settings=partial(change_own_settings, house.switching),
        extras={"broken_plugins": house.broken, "signs_of_life": signs},
    )

    sweeping: list[asyncio.Task[None]] = []

    async def start() -> None:
        await house.require_current_schema()
        sweeping.append(asyncio.create_task(keep_spool_clean(settings.data_dir)))
        resources.live.stop_with_the_process()
        _leave_the_code_alone()

    async def close() -> None:
        for task in sweeping:
            task.cancel()
        resources.live.stop()
        await resources.limiter.close()
        await signs.aclose()
        await house.close()

    install_kick(WorkerKick(create_celery(settings)))
    sites = {
        f"{SUPPORT_HOST}.{settings.base_domain}": create_console_app(resources, house.switching)
    }
    if settings.garagist_mode == "demo":
        mailbox = create_mailbox_app(settings.data_dir / MAIL_FOLDER, assets)
        sites[f"{MAIL_HOST}.{settings.base_domain}"] = mailbox
    return HostRouter(
        directory=house.directory,
        garage_app=create_garage_app(resources),
        sites=sites,
        base_domain=settings.base_domain,
        readiness=_readiness(house, signs, resources.live.has_stopped),
        on_start=start,
        on_stop=close,
    )


def _readiness(house: House, signs: Redis, is_ending: Callable[[], bool]) -> Readiness:
    schema = SchemaWatch(house.database.platform_engine, house.components)

    async def database() -> bool:
        # A pool whose connections all work is a busy one, not one without PostgreSQL.
        async with house.database.aside() as connection:
            await connection.execute(text("select 1"))
        return True

    async def redis() -> bool:
        return bool(await signs.ping())

    async def is_at_work(who: str) -> bool:
        return not is_silent((await silence(signs))[who])

    return Readiness(
        needed={"database": database, "schema": schema.fits},
        told={"redis": redis, BEAT: partial(is_at_work, BEAT), WORKER: partial(is_at_work, WORKER)},
        is_ending=is_ending,
    )


def serve() -> HostRouter:
    """What a server process calls: logs first, then the application."""
    configure_logs()
    return create_app()
