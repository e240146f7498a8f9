"""Which revision a database is at, and which code it still serves.

Whoever migrates leaves a promise in the comment on the version table: the revisions whose code goes
on working with what the database is now. A process of an older release finds itself there, and may
start beside the newer one (decision 0048). A migration that takes away what earlier code needs has
the line `ends_earlier_code = True`; then only its own code and later is promised.
"""

from dataclasses import dataclass

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from core.db.components import ROOT, Component
from core.errors import SchemaMismatch

ENDS_EARLIER_CODE = "ends_earlier_code"
_SERVES = " serves "


@dataclass(frozen=True, slots=True)
class SchemaState:
    """What a component's tables are, beside what this code was written for."""

    component: str
    found: str | None
    wanted: str
    is_known: bool
    """Whether this code has the migration that the database is at."""
    serves_us: bool
    """Whether a newer release promised that this code goes on working."""

    @property
    def is_ahead(self) -> bool:
        """At a later revision, and still right for this code."""
        return not self.is_known and self.serves_us

    def require(self) -> None:
        """Refuse what this code cannot work with.

        Raises:
            SchemaMismatch: the text says what to do.
        """
        if self.found == self.wanted or self.is_ahead:
            return
        instead = "" if self.is_known else ", or start the newer release that made it so"
        raise SchemaMismatch(
            f"the database is at revision {self.found or 'none'} of {self.component}, this code"
            f" needs {self.wanted}: run `garagist migrate`{instead if self.found else ''}"
        )


def state_of(connection: Connection, part: Component) -> SchemaState:
    """Look at the database.

    Raises:
        SchemaMismatch: the component has no migration at all.
    """
    found, wanted = revision_of(connection, part), head_of(part)
    known = {script.revision for script in _scripts(part).walk_revisions()}
    at, _, served = (_promise_in(connection, part) or "").partition(_SERVES)
    return SchemaState(
        component=part.name,
        found=found,
        wanted=wanted,
        is_known=found in known,
        serves_us=found is not None and at == found and wanted in served.split(),
    )


def note_promise(connection: Connection, part: Component) -> None:
    """Leave the promise of this code's migrations; the database is at their head."""
    promise = f"{head_of(part)}{_SERVES}{' '.join(served_by(part))}"
    if promise == _promise_in(connection, part):
        return
    statement = connection.execute(
        text(
            "select format('COMMENT ON TABLE %I IS %L', cast(:name as text), cast(:said as text))"
        ),
        {"name": part.version_table, "said": promise},
    ).scalar_one()
    connection.exec_driver_sql(statement)


def served_by(part: Component) -> list[str]:
    """The revisions whose code works with the head, the head first."""
    served: list[str] = []
    for script in _scripts(part).walk_revisions():
        served.append(script.revision)
        if getattr(script.module, ENDS_EARLIER_CODE, False):
            break
    return served


def head_of(part: Component) -> str:
    """The revision that this code needs of a component.

    Raises:
        SchemaMismatch: the component has no migration at all.
    """
    head = _scripts(part).get_current_head()
    if head is None:
        raise SchemaMismatch(f"{part.name} has a folder of migrations without any migration")
    return head


def revision_of(connection: Connection, part: Component) -> str | None:
    """The revision that the database is at, or None where it has none of the component."""
    exists = connection.execute(
        text("select to_regclass(:name) is not null"), {"name": part.version_table}
    ).scalar_one()
    if not exists:
        return None
    context = MigrationContext.configure(connection, opts={"version_table": part.version_table})
    return context.get_current_revision()


def config_for(part: Component) -> Config:
    """Alembic's configuration for one component, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("version_locations", str(part.versions))
    config.set_main_option("path_separator", "newline")
    config.attributes["component"] = part
    return config


def _scripts(part: Component) -> ScriptDirectory:
    return ScriptDirectory.from_config(config_for(part))


def _promise_in(connection: Connection, part: Component) -> str | None:
    said: str | None = connection.execute(
        text("select obj_description(to_regclass(:name), 'pg_class')"),
        {"name": part.version_table},
    ).scalar_one()
    return said
