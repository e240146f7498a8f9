"""Host names of a garage's own, on its page."""

from typing import Any
from urllib.parse import urlencode

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import gettext as _
from core.web.forms import form_values
from core.web.rendering import Flash, Page, redirect
from core.web.resources import resources_of
from tenants import domains, repository
from tenants.activation import Switching
from tenants.console.forms import DomainForm
from tenants.console.garage_pages import find_garage, find_open_garage, render_garage, searched
from tenants.console.members import actor_of

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Verbs = NamedDependency[Switching]


@post("/garages/{slug:str}/domains")
async def add(
    request: AnyRequest, session: Session, switching: Verbs, slug: FromPath[str]
) -> Page | Redirect:
    """Add a host name."""
    tenant = await find_open_garage(session, slug)
    form = DomainForm(await form_values(request))
    if not form.validate():
        return await render_garage(request, session, tenant, domain=form, status_code=422)
    return await _add(request, session, switching, slug, form)


@post("/garages/{slug:str}/domains/{host:str}/remove")
async def remove(
    request: AnyRequest,
    session: Session,
    switching: Verbs,
    slug: FromPath[str],
    host: FromPath[str],
) -> Redirect:
    """Remove a host name; *Undo* adds it again."""
    tenant = await find_garage(session, slug)
    was_main = await repository.main_domain(session, tenant.id) == host
    await domains.remove_domain(
        switching.database, switching.directory, tenant.slug, host, actor_of(request)
    )
    return redirect(
        request,
        f"/garages/{tenant.slug}",
        flash=Flash(
            _("%(host)s does not lead here any more.", host=host),
            undo_href=f"/garages/{tenant.slug}/domains/{host}/again{'?main=1' if was_main else ''}",
        ),
    )


@post("/garages/{slug:str}/domains/{host:str}/again")
async def undo_remove(
    request: AnyRequest,
    session: Session,
    switching: Verbs,
    slug: FromPath[str],
    host: FromPath[str],
) -> Page | Redirect:
    """*Undo*: it leads here again, and is the main address if it was."""
    await find_open_garage(session, slug)
    answer = await _add(request, session, switching, slug, DomainForm(data={"host": host}))
    if "main" in request.query_params and isinstance(answer, Redirect):
        await domains.choose_main_domain(
            switching.database, switching.directory, slug, host, actor_of(request)
        )
    return answer


@post("/garages/{slug:str}/main-address")
async def choose_main(
    request: AnyRequest, session: Session, switching: Verbs, slug: FromPath[str]
) -> Redirect:
    """Send customers to one of the garage's names (`?host=`), or to its subdomain."""
    await find_open_garage(session, slug)
    settings = resources_of(request).settings
    host = searched(request, "host") or None
    before = await domains.choose_main_domain(
        switching.database, switching.directory, slug, host, actor_of(request)
    )
    name = host or f"{slug}.{settings.base_domain}"
    flash = Flash(
        _("Customers are sent to %(host)s.", host=name),
        undo_href=f"/garages/{slug}/main-address?{urlencode({'host': before or ''})}",
    )
    return redirect(request, f"/garages/{slug}#domains", flash=flash)


async def _add(
    request: AnyRequest, session: AsyncSession, switching: Switching, slug: str, form: DomainForm
) -> Page | Redirect:
    try:
        host = await domains.add_domain(
            switching.database,
            switching.directory,
            slug,
            form.text("host"),
            actor_of(request),
            base_domain=resources_of(request).settings.base_domain,
        )
    except Refused as refusal:
        form.add_refusal(refusal)
        tenant = await find_open_garage(session, slug)
        return await render_garage(request, session, tenant, domain=form, status_code=409)
    text = _("%(host)s leads to this garage.", host=host)
    return redirect(request, f"/garages/{slug}#domains", flash=Flash(text))


HANDLERS = [add, remove, undo_remove, choose_main]
