"""Commands about garages, their plugins, their staff, and the vendor's support."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from core.cli.house_console import in_house
from core.cli.output import AsJson, say, show
from core.errors import GaragistError
from core.hooks.manifest import in_language
from core.house import House
from core.i18n import LANGUAGES
from core.settings import get_settings, load_settings
from core.tenancy.context import TenantContext, tenant_scope
from core.workshop.audit.services import Actor
from core.workshop.staff.services import invite
from tenants import repository
from tenants.activation import disable, enable
from tenants.domains import add_domain, choose_main_domain, remove_domain
from tenants.lifecycle import NewGarage, close_garage, open_garage, reopen_garage
from tenants.support_staff import create_support_member

OPERATOR = Actor("support", "command line")
Garage = Annotated[str, typer.Option(help="The garage's subdomain.")]
Reason = Annotated[str, typer.Option(help="Why; it goes into the audit log.")]

tenants = typer.Typer(name="tenants", help="Garages.", no_args_is_help=True)
plugins = typer.Typer(name="plugins", help="Plugins, per garage.", no_args_is_help=True)
staff = typer.Typer(name="staff", help="People who work in a garage.", no_args_is_help=True)
support = typer.Typer(name="support", help="The vendor's support staff.", no_args_is_help=True)
GROUPS = (tenants, plugins, staff, support)


@tenants.command("create")
def create(
    slug: Annotated[str, typer.Argument(help="The subdomain.")],
    *,
    name: Annotated[str, typer.Option(help="The garage's name.")],
    owner_name: Annotated[str, typer.Option(help="Its owner's name.")],
    owner_email: Annotated[str, typer.Option(help="Where the invitation goes.")],
    language: Annotated[
        list[str] | None, typer.Option(help="A language; repeat it. The first is the default.")
    ] = None,
    phone: Annotated[str | None, typer.Option(help="Shown to customers.")] = None,
    email: Annotated[str | None, typer.Option(help="Where answers to mails go.")] = None,
    country: Annotated[str, typer.Option(help="Whose law decides on registers.")] = "BE",
    vat_number: Annotated[str | None, typer.Option(help="Stands on papers.")] = None,
    as_json: AsJson = False,
) -> None:
    """Open a garage; its owner gets an invitation by mail."""
    new = NewGarage(
        slug=slug,
        name=name,
        languages=tuple(language or LANGUAGES),
        owner_name=owner_name,
        owner_email=owner_email,
        phone=phone,
        email=email,
        country=country.upper(),
        vat_number=vat_number,
    )

    async def work(house: House) -> TenantContext:
        return await open_garage(house.database, house.directory, new, OPERATOR)

    tenant = in_house(load_settings(), work)
    url = get_settings().public_url(tenant.slug)
    say(f"{tenant.name} is open at {url}", as_json=as_json, slug=tenant.slug, url=url)


@tenants.command("list")
def list_tenants(as_json: AsJson = False) -> None:
    """All garages, closed ones too."""
    show(in_house(load_settings(), _garages), as_json=as_json, empty="No garage yet.")


@tenants.command("close")
def close(
    slug: Annotated[str, typer.Argument(help="The subdomain.")],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Close a garage: it answers to nobody, its data stays."""

    async def work(house: House) -> None:
        await close_garage(house.database, house.directory, slug, OPERATOR, reason=reason)

    in_house(load_settings(), work)
    say(f"{slug} is closed.", as_json=as_json, slug=slug, closed=True)


@tenants.command("reopen")
def reopen(
    slug: Annotated[str, typer.Argument(help="The subdomain.")],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Open a closed garage again, with all that it had."""

    async def work(house: House) -> None:
        await reopen_garage(house.database, house.directory, slug, OPERATOR, reason=reason)

    in_house(load_settings(), work)
    say(f"{slug} is open again.", as_json=as_json, slug=slug, closed=False)


@tenants.command("add-domain")
def add_host_name(
    slug: Annotated[str, typer.Argument(help="The subdomain.")],
    host: Annotated[str, typer.Argument(help="A host name of the garage's own.")],
    as_json: AsJson = False,
) -> None:
    """Let a garage answer under a host name of its own too."""

    async def work(house: House) -> str:
        return await add_domain(
            house.database,
            house.directory,
            slug,
            host,
            OPERATOR,
            base_domain=house.settings.base_domain,
        )

    name = in_house(load_settings(), work)
    say(f"{name} leads to {slug}.", as_json=as_json, slug=slug, host=name)


@tenants.command("main-domain")
def choose_main_host_name(
    slug: Annotated[str, typer.Argument(help="The subdomain.")],
    host: Annotated[
        str | None, typer.Argument(help="A host name of the garage's own; none: its subdomain.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Choose the address that mails, printed codes and search engines name."""

    async def work(house: House) -> None:
        await choose_main_domain(house.database, house.directory, slug, host, OPERATOR)

    in_house(load_settings(), work)
    name = host or "its subdomain"
    say(f"Customers of {slug} are sent to {name}.", as_json=as_json, slug=slug, host=host)


@tenants.command("remove-domain")
def remove_host_name(
    slug: Annotated[str, typer.Argument(help="The subdomain.")],
    host: Annotated[str, typer.Argument(help="The host name.")],
    as_json: AsJson = False,
) -> None:
    """Let a garage answer under a host name no more."""

    async def work(house: House) -> None:
        await remove_domain(house.database, house.directory, slug, host, OPERATOR)

    in_house(load_settings(), work)
    say(f"{host} does not lead to {slug} any more.", as_json=as_json, slug=slug, host=host)


@plugins.command("list")
def list_plugins(
    garage: Annotated[str | None, typer.Option(help="Say whether each is on there.")] = None,
    as_json: AsJson = False,
) -> None:
    """The installed plugins."""

    async def work(house: House) -> list[dict[str, Any]]:
        tenant = await _garage(house, garage) if garage else None
        return [
            {
                "plugin": name,
                "version": manifest.version,
                "what": in_language(manifest.label, "en"),
                "requires": list(manifest.requires),
                **({"on": tenant.has_plugin(name)} if tenant else {}),
            }
            for name, manifest in house.hooks.manifests.items()
        ]

    show(in_house(load_settings(), work), as_json=as_json, empty="No plugin is installed.")


@plugins.command("enable")
def enable_plugin(
    plugin: Annotated[str, typer.Argument(help="Its name.")],
    garage: Garage,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Switch a plugin on for a garage, and those that it requires."""

    async def work(house: House) -> list[str]:
        return await enable(house.switching, garage, plugin, OPERATOR, reason=reason)

    _say_switched(in_house(load_settings(), work), garage, "on", as_json)


@plugins.command("disable")
def disable_plugin(
    plugin: Annotated[str, typer.Argument(help="Its name.")],
    garage: Garage,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Switch a plugin off for a garage, and those that require it. Data stays."""

    async def work(house: House) -> list[str]:
        return await disable(house.switching, garage, plugin, OPERATOR, reason=reason)

    _say_switched(in_house(load_settings(), work), garage, "off", as_json)


@staff.command("invite")
def invite_member(
    email: Annotated[str, typer.Argument(help="Where the invitation goes.")],
    garage: Garage,
    name: Annotated[str, typer.Option(help="Their name.")],
    role: Annotated[str, typer.Option(help="owner, planner, technician or accountant.")],
    as_json: AsJson = False,
) -> None:
    """Invite somebody to work in a garage."""

    async def work(house: House) -> None:
        tenant = await _garage(house, garage)
        with tenant_scope(tenant):
            async with house.database.unit_of_work(tenant.id) as session:
                await invite(
                    session,
                    email=email,
                    name=name,
                    role=role,
                    language=tenant.default_language,
                    actor=OPERATOR,
                )

    in_house(load_settings(), work)
    say(f"An invitation is on its way to {email}.", as_json=as_json, email=email, garage=garage)


@support.command("create")
def create_support(
    email: Annotated[str, typer.Argument(help="Their e-mail address.")],
    name: Annotated[str, typer.Option(help="Their name.")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    lead: Annotated[bool, typer.Option("--lead", help="May close garages too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let somebody of the vendor into the support console."""

    async def work(house: House) -> str:
        _member, secret = await create_support_member(
            house.database,
            email=email,
            name=name,
            password=password,
            role="support-lead" if lead else "support",
        )
        return secret

    secret = in_house(load_settings(), work)
    say(
        f"{name} can log in. Secret for their code generator: {secret}",
        as_json=as_json,
        email=email,
        totp_secret=secret,
    )


async def _garage(house: House, slug: str) -> TenantContext:
    tenant = await house.directory.by_slug(slug)
    if tenant is None:
        raise GaragistError(f"there is no open garage {slug}")
    return tenant


async def _garages(house: House) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        async with house.database.platform_unit_of_work() as session:
            found = await repository.page(session, after=after)
            shown = found[: repository.PAGE]
            switched = await repository.activations(session, [each.id for each in shown])
        for each in shown:
            on = [row.plugin for row in switched if row.tenant_id == each.id and row.is_on]
            rows.append(
                {
                    "slug": each.slug,
                    "name": each.name,
                    "languages": list(each.languages),
                    "plugins": on,
                    "closed": each.closed_at is not None,
                    "url": house.settings.public_url(each.slug),
                }
            )
        if len(found) <= repository.PAGE:
            return rows
        after = shown[-1].slug


def _say_switched(names: Sequence[str], garage: str, state: str, as_json: bool) -> None:
    text = f"{', '.join(names)} switched {state} for {garage}." if names else f"Already {state}."
    say(text, as_json=as_json, garage=garage, switched=list(names), state=state)
