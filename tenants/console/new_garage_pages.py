"""Opening a garage in one form."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from core.errors import Refused
from core.i18n import gettext as _
from core.web.forms import form_values
from core.web.rendering import Flash, Page, redirect
from core.web.resources import resources_of
from tenants.activation import Switching
from tenants.console.forms import NewGarageForm
from tenants.console.members import actor_of
from tenants.console.rendering import page
from tenants.lifecycle import NewGarage, open_garage

AnyRequest = Request[Any, Any, Any]


@get("/new-garage")
async def new_garage_page(request: AnyRequest) -> Page:
    """An empty form."""
    return _form_page(request, NewGarageForm())


@post("/new-garage")
async def new_garage(request: AnyRequest, switching: NamedDependency[Switching]) -> Page | Redirect:
    """Open the garage; its owner is mailed an invitation."""
    form = NewGarageForm(await form_values(request))
    if not form.validate():
        return _form_page(request, form, status_code=422)
    new = NewGarage(
        slug=form.text("slug").lower(),
        name=form.text("name"),
        languages=tuple(form.languages.data or ()),
        owner_name=form.text("owner_name"),
        owner_email=form.text("owner_email"),
        phone=form.text("phone") or None,
        email=form.text("email") or None,
        street=form.text("street"),
        postal_code=form.text("postal_code"),
        city=form.text("city"),
        country=form.text("country"),
        vat_number=form.text("vat_number") or None,
    )
    try:
        await open_garage(switching.database, switching.directory, new, actor_of(request))
    except Refused as refusal:
        form.add_refusal(refusal)
        return _form_page(request, form, status_code=409)
    text = _(
        "%(name)s is open. An invitation is on its way to %(email)s.",
        name=new.name,
        email=new.owner_email,
    )
    return redirect(request, f"/garages/{new.slug}", flash=Flash(text))


def _form_page(request: AnyRequest, form: NewGarageForm, *, status_code: int = 200) -> Page:
    domain = resources_of(request).settings.base_domain
    return page(
        request, "support/new_garage.html", form=form, domain=domain, status_code=status_code
    )


HANDLERS = [new_garage_page, new_garage]
