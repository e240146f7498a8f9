"""Working for one garage: load it, ask the gate again, open its scope, one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from core.db.session import Database
from core.hooks.manager import HookManager
from core.i18n import language_scope
from core.settings import Settings
from core.storage import Storage
from core.tenancy.context import TenantContext, tenant_scope
from core.tenancy.directory import TenantDirectory

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """What a worker process holds open."""

    settings: Settings
    database: Database
    directory: TenantDirectory
    hooks: HookManager
    storage: Storage


@asynccontextmanager
async def garage_scope(
    resources: WorkerResources, tenant_id: UUID
) -> AsyncIterator[TenantContext | None]:
    """The garage's scope, or None where it was closed since the work was queued."""
    tenant = await resources.directory.by_id(tenant_id)
    if tenant is None:
        log.info("garage.gone", tenant_id=str(tenant_id))
        yield None
        return
    with tenant_scope(tenant), language_scope(tenant.default_language):
        yield tenant
