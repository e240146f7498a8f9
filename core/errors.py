"""The errors that Garagist raises on purpose.

::

    GaragistError
    ├── SettingsError            something is missing or wrong in the environment
    ├── UnitOfWorkNotYours       somebody else's transaction was about to be ended
    ├── UnscopedQuery            a tenant table was touched without a garage
    ├── UnnotedChanges           a reading of a table without notes of its changes cannot be kept
    ├── UnknownTenant            no garage answers to that host, name or id
    ├── DatabaseUnreachable      no connection to PostgreSQL
    ├── SchemaMismatch           the database is not at the revision this code needs
    ├── PluginError              a plugin cannot be loaded or switched
    ├── SwitchedOff              what was asked for belongs to a plugin that is off here
    ├── NotFound                 the thing does not exist (or belongs to another garage: the same)
    ├── NotAllowed               the person is known, but may not do this
    ├── GaveWay                  as ChangedAtOnce, where nothing can be read any more to go on with
    └── Refused                  a rule of the shop says no; carries a text for the person
        └── ChangedAtOnce        somebody else changed the same things at the same moment
"""


class GaragistError(Exception):
    """Base of everything that Garagist raises on purpose."""


class SettingsError(GaragistError):
    """The environment lacks a setting or holds a wrong one; the text names it."""


class UnitOfWorkNotYours(GaragistError):
    """Somebody who was handed a session was about to commit or roll back."""


class UnscopedQuery(GaragistError):
    """A tenant table was about to be touched without a garage in scope."""


class UnnotedChanges(GaragistError):
    """What was read was to be kept, but PostgreSQL notes no changes of these tables."""

    def __init__(self, tables: object) -> None:
        super().__init__(f"a migration must call note_changes_of({tables})")


class UnknownTenant(GaragistError):
    """No open garage answers to that host, name or id."""

    def __init__(self, name: object) -> None:
        super().__init__(f"there is no open garage {name}")


class DatabaseUnreachable(GaragistError):
    """PostgreSQL does not answer, or lets this role not in; the text says where and why."""


class SchemaMismatch(GaragistError):
    """The database is not at the revision this code needs; the text names the command."""


class PluginError(GaragistError):
    """A plugin cannot be loaded, or cannot be switched as asked."""


class SwitchedOff(GaragistError):
    """What was asked for belongs to a plugin that is off here, or not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: plugin is off or not installed")


class NotFound(GaragistError):
    """The thing does not exist here. Another garage's things do not exist here either."""


class NotAllowed(GaragistError):
    """The person is known, but their role does not cover this."""


class GaveWay(GaragistError):
    """What :class:`ChangedAtOnce` says, outside of any savepoint: the unit of work is over and can
    neither read nor write. So it is no refusal, which somebody would catch to show a form again;
    the error page tells it in the same words."""


class Refused(GaragistError):
    """A rule of the shop says no.

    `message` is an English gettext id that says what to do; `values` fill its
    placeholders after translation. `field` names the form field it belongs to.
    """

    status_code = 409

    def __init__(self, message: str, *, field: str | None = None, **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values
        self.field = field


class ChangedAtOnce(Refused):
    """PostgreSQL ended what was done in a savepoint because another transaction changed the same
    things at the same moment, and one of the two had to give way. Nothing of it is stored; tried
    again it works."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody changed this at the same moment, and nothing of yours was stored. Please"
            " try again."
        )
