"""Everything that the environment decides, typed and read once.

In demo mode `garagist demo` writes the addresses of the embedded servers to
``<DATA_DIR>/demo.env``; commands typed in a second terminal find them there.
In production nothing falls back: a missing setting stops the start with its name.
"""

import os
import re
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from core.errors import SettingsError

DEMO_ENVIRONMENT_FILE = "demo.env"
BUILT_IN_PLUGINS = (
    "plugins.vehicle_presence.plugin:plugin",
    "plugins.self_service_portal.plugin:plugin",
)


class Settings(BaseSettings):
    """The settings of one process. `docs/settings.md` is the table of them all."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    garagist_mode: Literal["production", "demo", "test"] = Field(
        "production", description="`demo` adds a page with every mail, at `mail.<BASE_DOMAIN>`."
    )
    database_url: str = Field(
        "", description="PostgreSQL (>= 18) as the application role: row level security applies."
    )
    platform_database_url: str = Field(
        "", description="The same database as the platform role: garages, plugins, fan-out."
    )
    migration_database_url: str = Field(
        "", description="The same database as the owner; only `migrate` needs it."
    )
    redis_url: str = Field(
        "", description="Redis or Valkey: queue, limits, activation, live pages."
    )
    storage_url: str = Field(
        "", description="`file:///path` or `s3://bucket?endpoint=…&region=…`: photos, private."
    )
    smtp_url: str = Field(
        "", description="`smtp://user:password@host:587` (`smtps://` for TLS from the start)."
    )
    smtp_require_tls: bool | None = Field(
        None,
        description="No mail without TLS; not set: in production, with a user in `SMTP_URL`.",
    )
    mail_from: str = Field("", description="Sender address of every mail; garages are Reply-To.")
    secret_key: str = Field("", description="At least 32 random characters; signs tokens.")
    secret_key_fallbacks: tuple[str, ...] = Field(
        (), description="Former `SECRET_KEY`s, a JSON list: what they signed is still believed."
    )
    base_domain: str = Field("", description="Garages live at `<name>.<BASE_DOMAIN>`.")
    public_scheme: Literal["http", "https"] = Field(
        "https", description="What browsers type; `https` makes cookies Secure."
    )
    public_port: int | None = Field(None, description="Only if browsers must type a port.")
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses whose X-Forwarded-For is believed, as a JSON list."
    )
    data_dir: Path = Field(Path(".data"), description="Spool of uploads, logs, demo servers.")
    plugins: tuple[str, ...] = Field(
        BUILT_IN_PLUGINS, description="Built-in plugins as `module:attribute`, a JSON list."
    )
    puzzle_bits: int = Field(
        16, ge=8, le=24, description="Work that a form asks for near a limit: `2^n` hashes."
    )
    remembered_megabytes: int = Field(
        256, ge=0, description="What a web process may remember of pages, 1 to 2 per busy garage."
    )
    statement_seconds: int = Field(
        30, ge=0, description="After how long PostgreSQL breaks off a page's statement; 0: never."
    )
    safe_mode: bool = Field(
        False, description="Start without the plugins that fail to load, and say which."
    )

    @model_validator(mode="after")
    def _secret_is_long_enough(self) -> Self:
        if self.secret_key and len(self.secret_key) < 32:
            raise ValueError("SECRET_KEY needs at least 32 characters")
        if any(len(former) < 32 for former in self.secret_key_fallbacks):
            raise ValueError("each of SECRET_KEY_FALLBACKS needs at least 32 characters")
        return self

    def require(self, *names: str) -> None:
        """Stop with the names of all those settings that are empty.

        Raises:
            SettingsError: naming every missing variable as it is typed in the environment.
        """
        missing = [name.upper() for name in names if not getattr(self, name)]
        if missing:
            raise SettingsError(
                f"missing setting: {', '.join(missing)} (docs/settings.md explains each)"
            )

    @property
    def secret_keys(self) -> list[str]:
        """The keys in whose signatures we believe. The last one signs, as itsdangerous has it."""
        return [*self.secret_key_fallbacks, self.secret_key]

    @property
    def cookies_are_secure(self) -> bool:
        """Whether cookies may carry `Secure` and the `__Host-` prefix."""
        return self.public_scheme == "https"

    @property
    def strict_below(self) -> str | None:
        """The domain whose subdomains are all ours, if browsers come by HTTPS alone."""
        return self.base_domain if self.public_scheme == "https" else None

    @property
    def mail_needs_tls(self) -> bool:
        """Whether a mail server without TLS is sent neither a password nor a mail."""
        if self.smtp_require_tls is not None:
            return self.smtp_require_tls
        return self.garagist_mode == "production" and bool(urlsplit(self.smtp_url).username)

    def public_url(self, subdomain: str, path: str = "/") -> str:
        """The address that a browser types to reach `path` on a subdomain."""
        return self.url_of(f"{subdomain}.{self.base_domain}", path)

    def url_of(self, host: str, path: str = "/") -> str:
        """The address that a browser types to reach `path` on a host."""
        port = f":{self.public_port}" if self.public_port else ""
        return f"{self.public_scheme}://{host}{port}{path}"


RUNTIME_SETTINGS = (
    "database_url",
    "platform_database_url",
    "redis_url",
    "storage_url",
    "smtp_url",
    "mail_from",
    "secret_key",
    "base_domain",
)
"""What web, worker and beat cannot run without."""


def load_settings() -> Settings:
    """Read the environment, and the demo's own file where no production is meant.

    Raises:
        SettingsError: a value has the wrong form; the text names the variable.
    """
    env_file: Path | None = None
    if os.environ.get("GARAGIST_MODE", "demo") == "demo" and "DATABASE_URL" not in os.environ:
        env_file = Path(os.environ.get("DATA_DIR", ".data")) / DEMO_ENVIRONMENT_FILE
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']).upper() or 'environment'}: {item['msg']}"
            for item in error.errors()
        )
        raise SettingsError(f"wrong setting: {problems}") from None
    except UnreadableSetting as error:
        named = re.search(r'field "(\w+)"', str(error))
        name = named[1].upper() if named else str(error)
        raise SettingsError(f"wrong setting: {name}: must be written as JSON") from None


_installed: list[Settings] = []


def install_settings(settings: Settings) -> None:
    """Make `settings` the ones that :func:`get_settings` answers in this process."""
    _installed[:] = [settings]


def get_settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: the composition root has not read them yet.
    """
    if not _installed:
        raise SettingsError("the settings are not read yet: the composition root does it")
    return _installed[0]
