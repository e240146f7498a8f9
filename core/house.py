"""Opening the house: what web, worker and command line all need, put together once.

Only the composition roots above import this module; nothing below knows it.
"""

from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment
from redis.asyncio import Redis

from core.background.mail import Mailer
from core.background.outbox import EffectRegistry
from core.background.tenant_task import WorkerResources
from core.db.components import Component, check_prefixes, components
from core.db.migrate import import_models, migrate, require_current_schema
from core.db.revisions import head_of
from core.db.session import Database
from core.hooks.contributions import Effect
from core.hooks.loading import BrokenPlugin, load_plugins
from core.hooks.manager import HookManager, install_hooks
from core.i18n import load_catalogues
from core.settings import Settings, install_settings
from core.storage import Storage, install_storage
from core.templating import build_environment
from core.web.assets import CORE, Assets
from core.web.components import Components
from core.web.words import TEMPLATE_GLOBALS
from core.workshop.notifications.live import LiveMarks, install_live_marks
from core.workshop.notifications.services import SEND_MAIL
from core.workshop.photos.services import EFFECTS as PHOTO_EFFECTS
from core.workshop.staff.mails import STAFF_MAILS
from tenants.activation import Switching
from tenants.directory import DatabaseTenantDirectory
from tenants.epoch import Epoch

CONSOLE = "support"
MODEL_PACKAGES = (
    "core.workshop.audit",
    "core.workshop.customers",
    "core.workshop.jobs",
    "core.workshop.locations",
    "core.workshop.notifications",
    "core.workshop.photos",
    "core.workshop.planning",
    "core.workshop.staff",
    "core.workshop.uploads",
    "core.workshop.vehicles",
    "tenants",
)


@dataclass(frozen=True, slots=True)
class House:
    """The open doors that web, worker and command line share."""

    settings: Settings
    database: Database
    epoch: Epoch
    directory: DatabaseTenantDirectory
    hooks: HookManager
    storage: Storage
    live: LiveMarks
    components: tuple[Component, ...]
    broken: tuple[BrokenPlugin, ...]

    @property
    def switching(self) -> Switching:
        """What switching plugins needs."""
        return Switching(self.database, self.directory, self.hooks)

    @property
    def worker_resources(self) -> WorkerResources:
        """What background work needs."""
        return WorkerResources(
            self.settings, self.database, self.directory, self.hooks, self.storage
        )

    async def require_current_schema(self) -> None:
        """Refuse to go on with a database that this code does not fit.

        Raises:
            SchemaMismatch: naming the command to run.
        """
        await require_current_schema(self.database.platform_engine, self.components)

    def signs_of_life(self) -> Redis:
        """A client for :mod:`core.pulse`; whoever asks for it closes it."""
        return Redis.from_url(
            self.settings.redis_url, socket_timeout=1, socket_connect_timeout=1, retry=None
        )

    async def close(self) -> None:
        """Close all connections."""
        await self.epoch.close()
        await self.live.close()
        await self.database.dispose()


def open_house(settings: Settings, *, pooled: bool = True, statement_seconds: int = 0) -> House:
    """Load the plugins and open database, storage and directory. Nothing connects yet.

    `pooled=False` is for short commands and for tests, whose event loops come and go.
    `statement_seconds` is how long PostgreSQL may take for a statement; commands that somebody
    types, such as an export of many years, have no limit.

    Raises:
        PluginError: a plugin is broken, and `SAFE_MODE` is off.
        SettingsError: the storage's address has an unknown scheme.
    """
    hooks, broken = load_plugins(settings.plugins, safe_mode=settings.safe_mode)
    parts = schema_components(hooks)
    database = Database(
        settings.database_url,
        settings.platform_database_url,
        pooled=pooled,
        kept_bytes=settings.remembered_megabytes * 1_000_000 // 3,
        statement_seconds=statement_seconds,
    )
    epoch = Epoch(settings.redis_url)
    storage = Storage.from_url(settings.storage_url)
    live = LiveMarks(settings.redis_url)
    install_settings(settings)
    install_hooks(hooks)
    install_storage(storage)
    install_live_marks(live)
    load_catalogues(["core", "tenants", *_packages(hooks).values()])
    return House(
        settings=settings,
        database=database,
        epoch=epoch,
        directory=DatabaseTenantDirectory(
            database, epoch, hooks.manifests, base_domain=settings.base_domain
        ),
        hooks=hooks,
        storage=storage,
        live=live,
        components=parts,
        broken=tuple(broken),
    )


def schema_components(hooks: HookManager) -> tuple[Component, ...]:
    """Core's part of the schema and each plugin's, with all their models imported.

    Raises:
        PluginError: a plugin's table does not begin with its plugin's name.
    """
    packages = _packages(hooks)
    import_models([*MODEL_PACKAGES, *packages.values()])
    check_prefixes(packages)
    return tuple(components(packages.items()))


def open_assets(hooks: HookManager) -> Assets:
    """The static files of core, the console and the plugins."""
    return Assets({CORE: "core.web", CONSOLE: "tenants.console", **_packages(hooks)})


def open_templates(hooks: HookManager, assets: Assets) -> Environment:
    """The templates of core, the console and the plugins; mails are written from them too."""
    packages = {CORE: "core.web", CONSOLE: "tenants.console", **_packages(hooks)}
    return build_environment(
        {name: package for name, package in packages.items() if _has_templates(package)},
        **TEMPLATE_GLOBALS,
        **Components(assets.url).as_globals(),
        asset=assets.url,
    )


def effect_registry(house: House) -> EffectRegistry:
    """Everything that the outbox can be asked to do."""
    templates = open_templates(house.hooks, open_assets(house.hooks))
    mailer = Mailer(house.settings, templates, house.hooks, STAFF_MAILS)
    effects = (Effect(SEND_MAIL, mailer.send), *PHOTO_EFFECTS)
    return EffectRegistry({effect.name: effect for effect in effects}, house.hooks)


def _packages(hooks: HookManager) -> dict[str, str]:
    return {name: manifest.package for name, manifest in hooks.manifests.items()}


def _has_templates(package: str) -> bool:
    return (files(package) / "templates").is_dir()


async def migrate_schema(settings: Settings) -> dict[str, str]:
    """Bring the database up to date; returns the revision of each component.

    Raises:
        SettingsError: an address is missing.
    """
    settings.require("migration_database_url", "database_url", "platform_database_url")
    hooks, _broken = load_plugins(settings.plugins, safe_mode=settings.safe_mode)
    parts = schema_components(hooks)
    await migrate(
        settings.migration_database_url,
        settings.database_url,
        settings.platform_database_url,
        parts,
    )
    return {part.name: head_of(part) for part in parts}
