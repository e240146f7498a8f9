"""What support did: who, when, in which garage, why."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from core.web.rendering import Page
from core.web.resources import resources_of
from tenants import lifecycle, repository
from tenants.console.garage_pages import searched
from tenants.console.rendering import page
from tenants.console.words import action_label, details_of

AnyRequest = Request[Any, Any, Any]


@get("/audit")
async def audit_page(request: AnyRequest, session: NamedDependency[AsyncSession]) -> Page:
    """Newest first; garage and position live in the address."""
    slug = searched(request, "garage").lower()
    tenant = await repository.by_slug(session, slug) if lifecycle.is_slug(slug) else None
    is_unknown = bool(slug) and tenant is None
    found = (
        []
        if is_unknown
        else await repository.audit_page(
            session,
            tenant_id=tenant.id if tenant else None,
            before=_position(request.query_params.get("before")),
        )
    )
    shown = found[: repository.PAGE]
    manifests = resources_of(request).hooks.manifests
    return page(
        request,
        "support/audit.html",
        entries=[
            (entry, where, action_label(entry.action), details_of(entry, manifests))
            for entry, where in shown
        ],
        slug=slug,
        is_unknown=is_unknown,
        more=shown[-1][0].id if len(found) > repository.PAGE else None,
    )


def _position(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


HANDLERS = [audit_page]
