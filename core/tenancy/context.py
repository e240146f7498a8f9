"""The garage that the running request or task works for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from core.db.scope import tenant_id_in_scope
from core.errors import UnscopedQuery


@dataclass(frozen=True, slots=True)
class TenantContext:
    """A garage as the rest of the house sees it: read-only, from the directory."""

    id: UUID
    slug: str
    name: str
    languages: tuple[str, ...]
    main_host: str | None = None
    """The host name of its own that customers are sent to; None: its subdomain."""
    country: str = "BE"
    timezone: str = "Europe/Brussels"
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    brand_colour: str = "#0b5cab"
    logo_url: str | None = None
    active_plugins: frozenset[str] = frozenset()
    plugins_once_on: frozenset[str] = frozenset()
    """Installed plugins that are off now but may still keep data from when they were on."""
    plugin_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the garage's people think."""
        return ZoneInfo(self.timezone)

    @property
    def default_language(self) -> str:
        """The language for those who chose none."""
        return self.languages[0]

    def has_plugin(self, name: str) -> bool:
        """Whether support switched this plugin on for this garage."""
        return name in self.active_plugins

    def may_hold_data_of(self, name: str) -> bool:
        """Whether this plugin was ever on for this garage: switching off keeps its data."""
        return name in self.active_plugins or name in self.plugins_once_on


_current: ContextVar[TenantContext | None] = ContextVar("current_tenant", default=None)


def current_tenant() -> TenantContext:
    """The garage in scope.

    Raises:
        UnscopedQuery: none is set.
    """
    tenant = _current.get()
    if tenant is None:
        raise UnscopedQuery("no garage in scope")
    return tenant


@contextmanager
def tenant_scope(tenant: TenantContext) -> Iterator[TenantContext]:
    """Work for `tenant` inside the block; its name is bound to every log line."""
    token = _current.set(tenant)
    id_token = tenant_id_in_scope.set(tenant.id)
    with structlog.contextvars.bound_contextvars(garage=tenant.slug):
        try:
            yield tenant
        finally:
            tenant_id_in_scope.reset(id_token)
            _current.reset(token)
