"""Opening and closing garages."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from core.app import app_of
from core.clock import frozen, now
from core.errors import Refused, UnknownTenant
from core.house import House
from core.web.host_router import HostRouter
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.stages import DEFAULT_FLOW, DEFAULT_FLOWS
from core.workshop.locations import repository as locations
from core.workshop.staff import repository as staff
from tenants import lifecycle, repository
from tenants.lifecycle import (
    OPENING_TAKES,
    RESERVED,
    NeverOpened,
    NewGarage,
    close_garage,
    open_garage,
    reopen_garage,
)
from tenants.models import TenantDomain
from tests.conftest import new_slug
from tests.factories import a_job
from tests.garages import PASSWORD, SUPPORT, Garage, Outbox
from tests.servers import BASE_DOMAIN


def a_new_garage(**changes: object) -> NewGarage:
    """What support types for a new garage."""
    slug = new_slug()
    new = NewGarage(
        slug=slug,
        name="Carrosserie Peeters",
        languages=("nl", "fr"),
        owner_name="Olga Peeters",
        owner_email=f"olga@{slug}.test",
        city="Gent",
    )
    return replace(new, **changes)


async def open_it(house: House, app: HostRouter, new: NewGarage) -> Garage:
    """Open it as support does."""
    return Garage(house, app, await open_garage(house.database, house.directory, new, SUPPORT))


async def test_a_new_garage_has_a_place_its_flows_and_no_plugin(
    house: House, app: HostRouter
) -> None:
    garage = await open_it(house, app, a_new_garage())
    assert garage.tenant.active_plugins == frozenset()
    async with garage.unit() as session:
        assert (await locations.first(session)).city == "Gent"
        assert [flow.name for flow in await jobs.flows(session)] == list(DEFAULT_FLOWS)
        assert (await jobs.default_flow(session)).name == DEFAULT_FLOW
        assert (await a_job(session)).sequence_number == 1


async def test_its_owner_gets_a_link_in_their_language_and_logs_in_with_it(
    house: House, app: HostRouter, outbox: Outbox
) -> None:
    new = a_new_garage()
    garage = await open_it(house, app, new)
    await outbox.empty(garage)
    (mail,) = outbox.mails_to(new.owner_email)
    assert mail.message["Content-Language"] == "nl"
    link = re.search(rf"https://{garage.host}(/desk/invitation/\S+)", mail.text)
    assert link is not None
    async with garage.browser() as browser:
        await browser.submit(link[1], {"password": PASSWORD})
        assert "Olga Peeters" in (await browser.open("/desk")).text
        assert (await browser.get(link[1])).status_code == 410


async def test_opening_is_in_both_logs(house: House, app: HostRouter) -> None:
    garage = await open_it(house, app, a_new_garage())
    async with house.database.platform_unit_of_work() as session:
        entries = await repository.audit_page(session, tenant_id=garage.tenant.id)
    assert [(each.actor, each.action) for each, _slug in entries] == [
        ("Sam Support", "garage.opened")
    ]
    async with garage.unit() as session:
        assert [member.role for member in await staff.everyone(session)] == ["owner"]


@pytest.mark.parametrize(
    "slug", ["", "ab", "a" * 41, "Peeters", "-peeters", "peeters-", "pee ters", "pee.ters", "péé"]
)
async def test_a_subdomain_of_the_wrong_form_is_refused(house: House, slug: str) -> None:
    with pytest.raises(Refused, match="3 to 40") as refusal:
        await open_garage(house.database, house.directory, a_new_garage(slug=slug), SUPPORT)
    assert refusal.value.field == "slug"


@pytest.mark.parametrize("slug", sorted(RESERVED))
async def test_a_subdomain_of_the_platform_is_refused(house: House, slug: str) -> None:
    with pytest.raises(Refused, match="kept for the platform") as refusal:
        await open_garage(house.database, house.directory, a_new_garage(slug=slug), SUPPORT)
    assert refusal.value.field == "slug"


def test_every_site_of_the_platform_is_reserved(house: House) -> None:
    demo = replace(house, settings=house.settings.model_copy(update={"garagist_mode": "demo"}))
    sites = app_of(demo)._sites  # noqa: SLF001 - what it serves is not to be asked otherwise
    assert len(sites) == 2
    assert {host.removesuffix(f".{BASE_DOMAIN}") for host in sites} <= RESERVED


async def test_a_subdomain_that_is_taken_is_refused(house: House, garage: Garage) -> None:
    new = a_new_garage(slug=garage.slug)
    with pytest.raises(Refused, match="already taken") as refusal:
        await open_garage(house.database, house.directory, new, SUPPORT)
    assert refusal.value.field == "slug"


@pytest.mark.parametrize("languages", [(), ("nl", "eo"), ("NL",)])
async def test_no_language_or_an_unknown_one_is_refused(
    house: House, languages: tuple[str, ...]
) -> None:
    new = a_new_garage(languages=languages)
    with pytest.raises(Refused, match="languages") as refusal:
        await open_garage(house.database, house.directory, new, SUPPORT)
    assert refusal.value.field == "languages"
    assert await house.directory.by_slug(new.slug) is None


async def test_what_fails_half_way_leaves_nothing_and_the_name_free(
    house: House, app: HostRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    new = a_new_garage()
    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "invite", fails)
        with pytest.raises(OSError, match="disk"):
            await open_garage(house.database, house.directory, new, SUPPORT)
    assert await house.directory.by_slug(new.slug) is None
    assert (await open_it(house, app, new)).slug == new.slug


async def test_what_was_left_of_an_opening_that_was_killed_cannot_be_reopened_but_opened_anew(
    house: House, app: HostRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    new = a_new_garage()
    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "invite", dies)
        with pytest.raises(KeyboardInterrupt):
            await open_garage(house.database, house.directory, new, SUPPORT)
    with pytest.raises(NeverOpened, match="never opened completely"):
        await reopen_garage(house.database, house.directory, new.slug, SUPPORT, reason="why not")
    with pytest.raises(Refused, match="already taken"):
        await open_it(house, app, new)
    with frozen(now() + OPENING_TAKES + timedelta(seconds=1)):
        garage = await open_it(house, app, new)
    async with garage.unit() as session:
        assert [member.role for member in await staff.everyone(session)] == ["owner"]


async def test_the_name_of_a_closed_garage_is_not_given_again(
    garage: Garage,
) -> None:
    house = garage.house
    await close_garage(house.database, house.directory, garage.slug, SUPPORT, reason="retired")
    with frozen(now() + timedelta(days=1)), pytest.raises(Refused, match="already taken"):
        await open_garage(house.database, house.directory, a_new_garage(slug=garage.slug), SUPPORT)


async def test_a_closed_garage_answers_to_nobody_and_says_why_in_the_log(garage: Garage) -> None:
    house = garage.house
    browser = await garage.staff("owner")
    await close_garage(house.database, house.directory, garage.slug, SUPPORT, reason="retired")
    assert (await browser.get("/desk")).status_code == 404
    async with house.database.platform_unit_of_work() as session:
        entry, _slug = (await repository.audit_page(session, tenant_id=garage.tenant.id))[0]
    assert (entry.actor, entry.action, entry.reason) == ("Sam Support", "garage.closed", "retired")


async def test_a_garage_is_closed_once(garage: Garage) -> None:
    house = garage.house
    await close_garage(house.database, house.directory, garage.slug, SUPPORT, reason="retired")
    for slug in (garage.slug, "nowhere-at-all"):
        with pytest.raises(UnknownTenant, match=f"no open garage {slug}"):
            await close_garage(house.database, house.directory, slug, SUPPORT, reason="again")


async def test_a_garage_answers_at_a_host_name_of_its_own_until_it_closes(garage: Garage) -> None:
    house = garage.house
    host = f"www.{garage.slug}.example"
    async with house.database.platform_unit_of_work() as session:
        session.add(TenantDomain(tenant_id=garage.tenant.id, host=host))
    assert await house.directory.by_host(host) == garage.tenant
    await close_garage(house.database, house.directory, garage.slug, SUPPORT, reason="retired")
    assert await house.directory.by_host(host) is None


async def test_the_country_decides_on_the_time_zone_and_the_vat_number_stands_on_papers(
    house: House, app: HostRouter
) -> None:
    new = a_new_garage(country="NL", vat_number="nl 0044.95.445.B01")
    garage = await open_it(house, app, new)
    assert (garage.tenant.country, garage.tenant.timezone) == ("NL", "Europe/Amsterdam")
    async with garage.unit() as session:
        location = await locations.first(session)
    assert (location.country, location.timezone) == ("NL", "Europe/Amsterdam")
    assert location.vat_number == "NL004495445B01"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"country": "XX"}, "country"), ({"vat_number": "BE0403019262"}, "vat_number")],
)
async def test_an_unknown_country_or_an_impossible_vat_number_opens_nothing(
    house: House, changes: dict[str, str], field: str
) -> None:
    new = a_new_garage(**changes)
    with pytest.raises(Refused) as refusal:
        await open_garage(house.database, house.directory, new, SUPPORT)
    assert refusal.value.field == field
    assert await house.directory.by_slug(new.slug) is None
