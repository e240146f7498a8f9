"""Garages: all of them, one of them, entering, closing and reopening one."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound, Refused
from core.i18n import gettext as _
from core.i18n import ngettext
from core.web.forms import form_values
from core.web.rendering import Flash, Page, redirect
from core.web.resources import resources_of
from core.workshop.notifications.repository import backlog
from core.workshop.staff.services import SUPPORT_SESSION_LIFE
from tenants import lifecycle, repository
from tenants.activation import Switching
from tenants.console.forms import ClosingForm, DomainForm, ReasonForm
from tenants.console.guard import LEAD_ONLY
from tenants.console.members import actor_of
from tenants.console.plugin_cards import plugin_cards
from tenants.console.rendering import page
from tenants.console.words import action_label, details_of, plugin_label
from tenants.given_up import try_given_up_again
from tenants.models import Tenant
from tenants.visits import enter_garage

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
RECENT = 5
RETRY = "retry-"
_VISIT_MINUTES = int(SUPPORT_SESSION_LIFE.total_seconds() // 60)
LONGEST_SEARCH = 100


@get("/garages")
async def garage_list(request: AnyRequest, session: Session) -> Page:
    """Garages by subdomain; search and position live in the address."""
    search = searched(request, "q")
    found = await repository.page(session, after=searched(request, "after"), search=search)
    shown = found[: repository.PAGE]
    manifests = resources_of(request).hooks.manifests
    chips: dict[Any, list[str]] = {tenant.id: [] for tenant in shown}
    for row in await repository.activations(session, list(chips)):
        if row.is_on and row.plugin in manifests:
            chips[row.tenant_id].append(plugin_label(manifests, row.plugin))
    return page(
        request,
        "support/garages.html",
        garages=shown,
        chips=chips,
        trouble={
            each.tenant_id: each for each in await backlog(session, now(), list(chips)) if each.dead
        },
        query=search,
        more=shown[-1].slug if len(found) > repository.PAGE else None,
        public_url=resources_of(request).settings.public_url,
    )


@get("/garages/{slug:str}")
async def garage_page(request: AnyRequest, session: Session, slug: FromPath[str]) -> Page:
    """A garage: facts, plugins, what support did here."""
    return await render_garage(request, session, await find_garage(session, slug))


@get("/garages/{slug:str}/enter")
async def enter_page(request: AnyRequest, session: Session, slug: FromPath[str]) -> Page:
    """Ask for the reason."""
    return _enter_page(request, await find_open_garage(session, slug), ReasonForm())


@post("/garages/{slug:str}/enter")
async def enter(
    request: AnyRequest,
    session: Session,
    switching: NamedDependency[Switching],
    slug: FromPath[str],
) -> Page:
    """Open a support session in the garage.

    The way in is a link on the next page: the console's own policy lets no form of it lead
    to another host.
    """
    tenant = await find_open_garage(session, slug)
    form = ReasonForm(await form_values(request))
    if not form.validate():
        return _enter_page(request, tenant, form, status_code=422)
    visit = await enter_garage(
        switching.database,
        switching.directory,
        tenant.slug,
        actor_of(request),
        reason=form.text("reason"),
    )
    return page(
        request,
        "support/way_in.html",
        garage=tenant,
        link=resources_of(request).settings.public_url(slug, f"/desk/enter/{visit.token}"),
        reason=form.text("reason"),
        minutes=_VISIT_MINUTES,
    )


@get("/garages/{slug:str}/close", opt=LEAD_ONLY)
async def close_page(request: AnyRequest, session: Session, slug: FromPath[str]) -> Page:
    """What closing means, before it is done."""
    tenant = await find_garage(session, slug)
    return page(request, "support/close.html", garage=tenant, form=ClosingForm())


@post("/garages/{slug:str}/close", opt=LEAD_ONLY)
async def close(
    request: AnyRequest,
    session: Session,
    switching: NamedDependency[Switching],
    slug: FromPath[str],
) -> Page | Redirect:
    """Close the garage."""
    tenant = await find_garage(session, slug)
    form = ClosingForm(await form_values(request))
    if not form.validate():
        return page(request, "support/close.html", garage=tenant, form=form, status_code=422)
    await lifecycle.close_garage(
        switching.database,
        switching.directory,
        tenant.slug,
        actor_of(request),
        reason=form.text("reason"),
    )
    text = _("%(name)s is closed. Its data is kept.", name=tenant.name)
    return redirect(request, f"/garages/{slug}", flash=Flash(text))


@post("/garages/{slug:str}/reopen", opt=LEAD_ONLY)
async def reopen(
    request: AnyRequest,
    session: Session,
    switching: NamedDependency[Switching],
    slug: FromPath[str],
) -> Page | Redirect:
    """Open the closed garage again."""
    tenant = await find_garage(session, slug)
    form = ReasonForm(await form_values(request))
    if not form.validate():
        return await render_garage(request, session, tenant, reopening=form, status_code=422)
    try:
        await lifecycle.reopen_garage(
            switching.database,
            switching.directory,
            tenant.slug,
            actor_of(request),
            reason=form.text("reason"),
        )
    except Refused as refusal:
        form.add_refusal(refusal)
        return await render_garage(request, session, tenant, reopening=form, status_code=409)
    text = _("%(name)s is open again.", name=tenant.name)
    return redirect(request, f"/garages/{slug}", flash=Flash(text))


@post("/garages/{slug:str}/outbox")
async def try_again(
    request: AnyRequest,
    session: Session,
    switching: NamedDependency[Switching],
    slug: FromPath[str],
) -> Page | Redirect:
    """Have what was given up here tried again."""
    tenant = await find_open_garage(session, slug)
    form = ReasonForm(await form_values(request), prefix=RETRY)
    if not form.validate():
        return await render_garage(request, session, tenant, retrying=form, status_code=422)
    count = await try_given_up_again(
        switching.database,
        switching.directory,
        tenant.slug,
        actor_of(request),
        reason=form.text("reason"),
    )
    text = ngettext(
        "%(num)s mail or task is tried again.", "%(num)s mails or tasks are tried again.", count
    )
    return redirect(request, f"/garages/{slug}", flash=Flash(text))


async def find_garage(session: AsyncSession, slug: str) -> Tenant:
    """The garage with that subdomain, open or closed.

    Raises:
        NotFound: there is none.
    """
    tenant = await repository.by_slug(session, slug) if lifecycle.is_slug(slug) else None
    if tenant is None:
        raise NotFound("garage")
    return tenant


async def find_open_garage(session: AsyncSession, slug: str) -> Tenant:
    """The same, for what needs it open.

    Raises:
        NotFound: there is none, or it is closed.
    """
    tenant = await find_garage(session, slug)
    if tenant.closed_at is not None:
        raise NotFound("garage")
    return tenant


async def render_garage(
    request: AnyRequest,
    session: AsyncSession,
    tenant: Tenant,
    *,
    forms: dict[str, ReasonForm] | None = None,
    domain: DomainForm | None = None,
    reopening: ReasonForm | None = None,
    retrying: ReasonForm | None = None,
    status_code: int = 200,
) -> Page:
    """A garage's page. `forms` holds what must be mended, by plugin; `domain`, `reopening` and
    `retrying` are forms that were refused."""
    resources = resources_of(request)
    forms = forms or {}
    shown = (*forms.values(), domain, reopening, retrying)
    refused = [form for form in shown if form is not None]
    entries = await repository.audit_page(session, tenant_id=tenant.id)
    return page(
        request,
        "support/garage.html",
        garage=tenant,
        address=resources.settings.public_url(tenant.slug),
        cards=plugin_cards(
            resources.hooks, await repository.activations(session, [tenant.id]), forms
        ),
        failed=next(iter(refused), None),
        domains=await repository.domains_of(session, tenant.id),
        main_domain=await repository.main_domain(session, tenant.id),
        domain_form=domain or DomainForm(),
        reopening=reopening or ReasonForm(),
        retrying=retrying or ReasonForm(prefix=RETRY),
        waiting=next(iter(await backlog(session, now(), [tenant.id])), None),
        entries=[
            (entry, action_label(entry.action), details_of(entry, resources.hooks.manifests))
            for entry, _slug in entries[:RECENT]
        ],
        status_code=status_code,
    )


def searched(request: AnyRequest, name: str) -> str:
    """A text of the address, without what PostgreSQL cannot store."""
    return request.query_params.get(name, "").replace("\x00", "").strip()[:LONGEST_SEARCH]


def _enter_page(
    request: AnyRequest, tenant: Tenant, form: ReasonForm, *, status_code: int = 200
) -> Page:
    return page(
        request,
        "support/enter.html",
        garage=tenant,
        form=form,
        minutes=_VISIT_MINUTES,
        status_code=status_code,
    )


HANDLERS = [garage_list, garage_page, enter_page, enter, close_page, close, reopen, try_again]
