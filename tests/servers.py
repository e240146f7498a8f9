"""Real servers for a test run: PostgreSQL and Valkey from wheels, mails in a folder.

Every process of the run has its own, with one migrated database in it. Tests do not empty
tables between each other: each opens a garage of its own, and a garage sees nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.embedded import process
from core.embedded.postgres import APP, OWNER, PLATFORM, EmbeddedPostgres
from core.embedded.valkey import EmbeddedValkey
from core.mailbox.sink import MailSink
from core.mailbox.store import MailStore
from core.settings import BUILT_IN_PLUGINS, Settings

DATABASE = "garagist_tests"
BASE_DOMAIN = "garagist.test"
OUTSIDE_PLUGINS = ("tests.outside_plugins.polite:plugin", "tests.outside_plugins.rude:plugin")
"""Plugins as an outside author would write them; off unless a test switches them on."""


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs for the tests of this process."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    mails: MailStore
    smtp_port: int
    folder: Path

    def settings(self, **changes: object) -> Settings:
        """Settings for these servers."""
        values: dict[str, object] = {
            "garagist_mode": "test",
            "database_url": self.postgres.url(APP, DATABASE),
            "platform_database_url": self.postgres.url(PLATFORM, DATABASE),
            "migration_database_url": self.postgres.url(OWNER, DATABASE),
            "redis_url": self.valkey.url,
            "storage_url": (self.folder / "storage").as_uri(),
            "smtp_url": f"smtp://127.0.0.1:{self.smtp_port}",
            "mail_from": "post@garagist.test",
            "secret_key": "only-for-tests-only-for-tests-only-for-tests",
            "base_domain": BASE_DOMAIN,
            "public_scheme": "https",
            "data_dir": self.folder,
            "plugins": (*BUILT_IN_PLUGINS, *OUTSIDE_PLUGINS),
        }
        return Settings.model_validate({**values, **changes})


@contextmanager
def running_servers(folder: Path) -> Iterator[Servers]:
    """Start them, and stop and remove them at the end."""
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    valkey = EmbeddedValkey(folder / "valkey", durable=False)
    mails = MailStore(folder / "mail")
    smtp_port = process.free_port()
    sink = MailSink(mails, smtp_port)
    postgres.start()
    try:
        valkey.start()
        sink.start()
        yield Servers(postgres, valkey, mails, smtp_port, folder)
    finally:
        sink.stop()
        valkey.stop()
        postgres.stop()
        postgres.remove()
