"""Where a benchmark's data lives, and the servers over it: started from what was kept before."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.embedded.postgres import ADMIN, APP, OWNER, PLATFORM, EmbeddedPostgres
from core.embedded.valkey import EmbeddedValkey
from core.settings import Settings

DATABASE = "garagist_bench"
BASE_DOMAIN = "bench.test"


@dataclass(frozen=True, slots=True)
class Place:
    """Running servers with a benchmark's data."""

    folder: Path
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    database: str = DATABASE

    @property
    def app_url(self) -> str:
        """The database as the application: row level security applies."""
        return self.postgres.url(APP, self.database)

    @property
    def admin_url(self) -> str:
        """The database as its administrator, past row level security."""
        return self.postgres.url(ADMIN, self.database)

    def settings(self) -> Settings:
        """What the application is told."""
        return Settings.model_validate(
            {
                "garagist_mode": "production",
                "database_url": self.app_url,
                "platform_database_url": self.postgres.url(PLATFORM, self.database),
                "migration_database_url": self.postgres.url(OWNER, self.database),
                "redis_url": self.valkey.url,
                "storage_url": (self.folder / "storage").as_uri(),
                "smtp_url": "smtp://127.0.0.1:9",
                "mail_from": "post@bench.test",
                "secret_key": "only-for-benchmarks-only-for-benchmarks",
                "base_domain": BASE_DOMAIN,
                "public_scheme": "http",
                "data_dir": str(self.folder),
            }
        )


@contextmanager
def running(folder: Path) -> Iterator[Place]:
    """Start PostgreSQL and Valkey over a folder, and stop them at the end; the data stays."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    postgres = EmbeddedPostgres(folder / "postgres")
    valkey = EmbeddedValkey(folder / "valkey")
    postgres.start()
    try:
        valkey.start()
        yield Place(folder, postgres, valkey)
    finally:
        valkey.stop()
        postgres.stop()
