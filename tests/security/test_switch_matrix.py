"""A plugin that is off is not there, for anybody; switched on again, it has forgotten nothing."""

from collections.abc import AsyncIterator
from importlib.resources import files
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import select, text

from core.background.fan_out import due_tasks
from core.background.process import Doors
from core.background.tasks import run_scheduled
from core.clock import now
from core.db.base import Base
from core.hooks.loading import load_by_name
from core.hooks.manifest import PluginManifest
from core.settings import BUILT_IN_PLUGINS
from core.web.assets import Assets
from core.web.host_router import HostRouter
from core.workshop.jobs.services import set_status
from core.workshop.notifications import repository as outbox_entries
from core.workshop.notifications.services import enqueue, send_mail
from plugins.self_service_portal.quotes import ANSWERED
from tests import factories
from tests.garages import STAFF, Garage, Outbox
from tests.outside_plugins import polite
from tests.outside_plugins.polite.models import Note
from tests.security.furnished import Furnished, furnish
from tests.security.routes import litestar_of, routes_of
from tests.security.visits import visit
from tests.servers import OUTSIDE_PLUGINS

MANIFESTS: dict[str, PluginManifest] = {
    plugin.manifest.name: plugin.manifest
    for plugin in map(load_by_name, (*BUILT_IN_PLUGINS, *OUTSIDE_PLUGINS))
}
of_every_plugin = pytest.mark.parametrize("plugin", MANIFESTS)


@pytest.fixture
async def furnished(garage: Garage) -> Furnished:
    """A garage with every plugin on and something in every drawer."""
    for plugin in MANIFESTS:
        await garage.switch(plugin, on=True)
    return await furnish(garage)


@pytest.fixture
async def doors(garage: Garage, outbox: Outbox) -> AsyncIterator[Doors]:
    """What a worker works with."""
    redis = Redis.from_url(garage.house.settings.redis_url)
    yield Doors(garage.house.worker_resources, outbox.effects, redis)
    await redis.aclose()


def assets_of(app: HostRouter, plugin: str) -> list[str]:
    """The addresses of a plugin's static files."""
    assets: Assets = litestar_of(app).state.resources.assets
    folder = files(MANIFESTS[plugin].package) / "static"
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return [assets.url(f"{plugin}/{name}") for name in names]


def names_of(hook: str, plugin: str, garage: Garage) -> list[str]:
    """What a plugin contributes by that hook, by name."""
    offered = garage.house.hooks.ask_all(hook)
    return [each.name for name, found in offered for each in found if name == plugin]


async def rows_of(garage: Garage, plugin: str) -> set[str]:
    """Every row of a plugin's tables, as text."""
    tables = [name for name in Base.metadata.tables if name.startswith(f"{plugin}_")]
    async with garage.unit() as session:
        return {
            f"{table}: {row}"
            for table in tables
            for row in await session.scalars(text(f"select t::text from {table} t"))  # noqa: S608
        }


@of_every_plugin
@pytest.mark.parametrize("who", ["anybody", "owner"])
async def test_every_address_of_a_plugin_that_is_off_is_a_404(
    app: HostRouter, furnished: Furnished, plugin: str, who: str
) -> None:
    garage = furnished.garage
    browser = garage.browser() if who == "anybody" else await garage.staff("owner")
    token = await browser.token("/desk/login" if who == "anybody" else "/desk")
    await garage.switch(plugin, on=False)
    wrong = []
    for route in routes_of(app):
        if route.plugin == plugin:
            address = route.filled(furnished.values(route))
            right = await visit(browser, route, address, token=token)
            forged = await visit(browser, route, address)
            other = await browser.request("DELETE", address)
            options = await browser.request("OPTIONS", address)
            answers = {each.status_code for each in (right, forged, other, options)}
            if answers != {404}:
                wrong.append(f"{route}: {answers}")
    assert not wrong, "\n".join(wrong)


@of_every_plugin
async def test_an_address_of_a_plugin_that_is_off_answers_like_one_that_never_was(
    app: HostRouter, furnished: Furnished, plugin: str
) -> None:
    browser = await furnished.garage.staff("owner")
    await furnished.garage.switch(plugin, on=False)
    never = await browser.get("/desk/there-never-was-such-a-page")
    for route in routes_of(app):
        if route.plugin == plugin and route.method == "GET" and route.path.startswith("/desk"):
            answer = await browser.get(route.filled(furnished.values(route)))
            assert (answer.status_code, answer.text) == (never.status_code, never.text)


@of_every_plugin
async def test_a_plugins_static_files_come_and_go_with_it(
    app: HostRouter, furnished: Furnished, plugin: str
) -> None:
    browser = furnished.garage.browser()
    found = {}
    for is_on in (True, False):
        await furnished.garage.switch(plugin, on=is_on)
        answers = [await browser.get(address) for address in assets_of(app, plugin)]
        found[is_on] = {answer.status_code for answer in answers}
    wanted = {200} if assets_of(app, plugin) else set()
    assert found == {True: wanted, False: {404} if wanted else set()}


@of_every_plugin
async def test_no_page_of_the_desk_leads_to_a_plugin_that_is_off(
    app: HostRouter, furnished: Furnished, plugin: str
) -> None:
    browser = await furnished.garage.staff("owner")
    own = {
        route.filled(furnished.values(route))
        for route in routes_of(app)
        if route.plugin == plugin and route.path.startswith("/desk")
    }
    led_to = {}
    for is_on in (True, False):
        await furnished.garage.switch(plugin, on=is_on)
        led_to[is_on] = own & await _addresses_on_desk(furnished)
    await browser.aclose()
    assert bool(led_to[True]) == bool(own)
    assert led_to[False] == set()


async def _addresses_on_desk(furnished: Furnished) -> set[str]:
    """Where links and forms of the staff's own pages lead, without what follows a `?`."""
    browser = await furnished.garage.staff("owner")
    found = set()
    for path in ("/desk", "/desk/jobs", f"/desk/jobs/{furnished.owned['job_id']}"):
        page = await browser.open(path)
        found |= {str(each["href"]) for each in page.select("a[href]")}
        found |= {str(each["action"]) for each in page.select("form[action]")}
        found |= {str(each["formaction"]) for each in page.select("[formaction]")}
    return {address.partition("?")[0] for address in found}


async def test_the_front_door_leads_to_the_portal_only_where_it_is_on(garage: Garage) -> None:
    async with garage.browser() as browser:
        with_portal = (await browser.get("/")).headers["location"]
        await garage.switch("self_service_portal", on=False)
        without = (await browser.get("/")).headers["location"]
    assert (with_portal, without) == ("/en", "/desk")


@of_every_plugin
async def test_scheduled_work_of_a_plugin_that_is_off_is_neither_given_out_nor_done(
    doors: Doors, furnished: Furnished, plugin: str
) -> None:
    garage = furnished.garage
    names = set(names_of("scheduled_tasks", plugin, garage))
    assert all([await run_scheduled(doors, garage.tenant.id, name, uuid4().hex) for name in names])
    await garage.switch(plugin, on=False)
    due = {each.task for each in await due_tasks(doors) if each.tenant_id == garage.tenant.id}
    assert not due & names
    assert not any(
        [await run_scheduled(doors, garage.tenant.id, name, uuid4().hex) for name in names]
    )


@of_every_plugin
async def test_work_that_a_plugin_had_queued_is_not_done_where_it_is_switched_off(
    outbox: Outbox, furnished: Furnished, plugin: str
) -> None:
    garage = furnished.garage
    names = names_of("effects", plugin, garage)
    async with garage.unit() as session:
        for name in names:
            await enqueue(session, name, {"what": "x", "keys": []}, key=name)
    await garage.switch(plugin, on=False)
    await outbox.empty(garage)
    async with garage.unit() as session:
        entries = [await outbox_entries.by_key(session, name) for name in names]
        notes = list(await session.scalars(select(Note.text).where(Note.text.like("effect:%"))))
    assert all(entry is not None and entry.last_error and not entry.done_at for entry in entries)
    assert notes == []


@of_every_plugin
async def test_a_mail_of_a_plugin_that_is_off_is_not_sent(
    outbox: Outbox, furnished: Furnished, plugin: str
) -> None:
    garage = furnished.garage
    names = names_of("mail_templates", plugin, garage)
    answered = furnished.owned["answered_quote_id"]
    arrived = {}
    for is_on in (True, False):
        to = f"{uuid4().hex}@example.com"
        keys = (
            "appointment_id",
            "job_id",
            "message_id",
            "quote_id",
            "wish_id",
            "closing_id",
            "run_id",
        )
        payload = {
            "what": "x",
            "token": "t",
            "sequence": 0,
            "staff_id": furnished.owned["reader_id"],
            "stage": "ready",
            "at": now().isoformat(),
            **{key: furnished.owned[key] for key in keys},
            **furnished.departure,
        }
        async with garage.unit() as session:
            await set_status(session, UUID(furnished.owned["job_id"]), "ready", STAFF)
            for name in names:
                told = payload | ({"quote_id": answered} if name == ANSWERED else {})
                await send_mail(session, name, to, "en", told, key=f"{name}:{is_on}")
        await garage.switch(plugin, on=is_on)
        await outbox.empty(garage)
        arrived[is_on] = len(outbox.mails_to(to))
    assert arrived == {True: len(names), False: 0}


async def test_no_hook_of_a_plugin_that_is_off_is_called(furnished: Furnished) -> None:
    garage = furnished.garage
    await garage.switch("polite", on=False)
    browser = await garage.staff("owner")
    before = len(_calls_for(garage))
    async with garage.unit() as session:
        job = await factories.a_job(session, plate="2-DEF-456")
        await factories.a_photo(session, job)
        await set_status(session, job.id, "ready", STAFF)
    for path in ("/", "/en", "/desk", "/desk/jobs", f"/desk/jobs/{job.id}"):
        await browser.open(path)
    assert _calls_for(garage)[before:] == []


def _calls_for(garage: Garage) -> list[str]:
    return [hook for hook, slug, _arguments in polite.calls if slug == garage.slug]


@of_every_plugin
async def test_a_plugin_switched_on_again_has_forgotten_nothing(
    furnished: Furnished, plugin: str
) -> None:
    before = await rows_of(furnished.garage, plugin)
    await furnished.garage.switch(plugin, on=False)
    await furnished.garage.switch(plugin, on=True)
    assert before <= await rows_of(furnished.garage, plugin)
    assert bool(before) == (plugin != "rude")


@of_every_plugin
async def test_a_plugins_pages_show_again_what_they_showed_before(
    app: HostRouter, furnished: Furnished, plugin: str
) -> None:
    browser = await furnished.garage.staff("owner")
    customer = await furnished.customer()
    shown: dict[str, list[tuple[int, bool]]] = {}
    for turn in ("before", "after"):
        shown[turn] = []
        for route in routes_of(app):
            if route.plugin == plugin and route.method == "GET":
                reader = browser if route.is_guarded else customer
                answer = await reader.get(route.filled(furnished.values(route)))
                shown[turn].append((answer.status_code, bool(furnished.named_in(answer.text))))
        await furnished.garage.switch(plugin, on=False)
        await furnished.garage.switch(plugin, on=True)
    assert shown["before"] == shown["after"]


def test_the_matrix_knows_every_plugin_that_is_loaded(garage: Garage) -> None:
    assert set(MANIFESTS) == set(garage.house.hooks.manifests)
