"""One customer: how to reach them, their jobs, and what the law lets them ask for."""

import json
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import PluginError
from core.hooks.manager import hooks
from core.hooks.manifest import in_language
from core.i18n import ENDONYMS, current_language
from core.i18n import gettext as _
from core.web.desk.forms import CustomerForm, ErasureForm
from core.web.desk.job_pages import list_values, viewer_in
from core.web.forms import attempt, form_values
from core.web.rendering import Flash, Page, page, redirect
from core.web.viewer import requires
from core.workshop.customers import repository, services
from core.workshop.customers.privacy import PersonalData, erase_customer, export_customer
from core.workshop.customers.vat_numbers import display_vat_number
from core.workshop.jobs import repository as jobs

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]


@get("/desk/customers/{customer_id:uuid}", guards=[requires("customers.view")])
async def customer_page(request: AnyRequest, session: Session, customer_id: FromPath[UUID]) -> Page:
    """The customer with their jobs, newest first."""
    return await _customer(request, session, customer_id)


@get("/desk/customers/{customer_id:uuid}/edit", guards=[requires("customers.edit")])
async def edit_page(request: AnyRequest, session: Session, customer_id: FromPath[UUID]) -> Page:
    """The details as a form."""
    customer = await repository.by_id(session, customer_id)
    form = CustomerForm(data={name: getattr(customer, name) for name in services.EDITABLE})
    if customer.vat_number:
        form.vat_number.data = display_vat_number(customer.vat_number)
    return page(request, "core/customers/edit.html", form=form, customer=customer)


@post("/desk/customers/{customer_id:uuid}/edit", guards=[requires("customers.edit")])
async def edit(
    request: AnyRequest, session: Session, customer_id: FromPath[UUID]
) -> Page | Redirect:
    """Save the details."""
    customer = await repository.by_id(session, customer_id)
    form = CustomerForm(await form_values(request))
    if form.validate():
        viewer = await viewer_in(request)
        values = {name: form.text(name) for name in services.EDITABLE}
        async with attempt(session, form):
            await services.change_details(session, customer_id, values, viewer.actor)
    if form.has_errors:
        return page(
            request, "core/customers/edit.html", form=form, customer=customer, status_code=422
        )
    return redirect(request, f"/desk/customers/{customer_id}", flash=Flash(_("Saved.")))


@post("/desk/customers/{customer_id:uuid}/copy", guards=[requires("customers.privacy")])
async def hand_over_copy(
    request: AnyRequest, session: Session, customer_id: FromPath[UUID]
) -> Response[Any]:
    """What is kept about the customer, as a file for them (GDPR, articles 15 and 20)."""
    viewer = await viewer_in(request)
    copy = await export_customer(session, customer_id, viewer.actor)
    if copy.failed:
        problem = _(
            "The copy would be incomplete: %(plugins)s did not answer. Try again later, or ask"
            " the help desk.",
            plugins=", ".join(_plugin_label(name) for name in copy.failed),
        )
        return await _customer(request, session, customer_id, problem=problem, status_code=503)
    return Response(
        _as_json(copy),
        media_type=MediaType.JSON,
        headers={
            "Content-Disposition": f'attachment; filename="customer-{customer_id}.json"',
            "Cache-Control": "no-store",
        },
    )


@get("/desk/customers/{customer_id:uuid}/erase", guards=[requires("customers.privacy")])
async def erase_page(request: AnyRequest, session: Session, customer_id: FromPath[UUID]) -> Page:
    """Say what would be erased and what must stay: there is no way back."""
    customer = await repository.by_id(session, customer_id)
    return page(request, "core/customers/erase.html", form=ErasureForm(), customer=customer)


@post("/desk/customers/{customer_id:uuid}/erase", guards=[requires("customers.privacy")])
async def erase(
    request: AnyRequest, session: Session, customer_id: FromPath[UUID]
) -> Page | Redirect:
    """Erase who the customer is (GDPR, article 17)."""
    customer = await repository.by_id(session, customer_id)
    form = ErasureForm(await form_values(request))
    status_code = 422
    if form.validate():
        viewer = await viewer_in(request)
        status_code = 409
        try:
            async with attempt(session, form):
                await erase_customer(session, customer_id, viewer.actor, reason=form.text("reason"))
        except PluginError:
            form.form_errors.append(
                _("A part could not be erased, so nothing was. Please ask the help desk.")
            )
            status_code = 503
    if form.has_errors:
        return page(
            request,
            "core/customers/erase.html",
            form=form,
            customer=customer,
            status_code=status_code,
        )
    return redirect(
        request, f"/desk/customers/{customer_id}", flash=Flash(_("The customer is erased."))
    )


async def _customer(
    request: AnyRequest,
    session: AsyncSession,
    customer_id: UUID,
    *,
    problem: str | None = None,
    status_code: int = 200,
) -> Page:
    customer = await repository.by_id(session, customer_id)
    rows = await jobs.page(session, customer_id=customer_id)
    return page(
        request,
        "core/customers/card.html",
        customer=customer,
        vat_number=display_vat_number(customer.vat_number) if customer.vat_number else None,
        language=ENDONYMS.get(customer.language, customer.language),
        problem=problem,
        more=len(rows) > jobs.PAGE,
        status_code=status_code,
        **await list_values(session, rows[: jobs.PAGE]),
    )


def _plugin_label(name: str) -> str:
    return in_language(hooks().manifests[name].label, current_language())


def _as_json(copy: PersonalData) -> bytes:
    parts = {"customer": dict(copy.customer), "jobs": copy.jobs, "plugins": dict(copy.plugins)}
    return json.dumps(parts, ensure_ascii=False, indent=2, default=str).encode()


HANDLERS = [customer_page, edit_page, edit, hand_over_copy, erase_page, erase]
