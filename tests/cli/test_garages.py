"""Commands about garages and those who work in and for them."""

import json

import pyotp
import pytest
from sqlalchemy import select

from core.clock import now
from core.errors import GaragistError, Refused
from core.house import House
from core.web.host_router import HostRouter
from core.workshop.audit.models import AuditEntry
from core.workshop.notifications.models import OutboxEntry
from core.workshop.staff import repository as staff
from tenants import repository
from tenants.epoch import LOOK_SECONDS
from tenants.support_staff import log_in
from tests.cli.conftest import Terminal
from tests.conftest import new_slug
from tests.garages import Browser, Garage, Outbox
from tests.outside_plugins.polite.models import Note
from tests.waiting import until


async def test_a_garage_is_created_and_answers(
    terminal: Terminal, house: House, app: HostRouter, outbox: Outbox
) -> None:
    slug = new_slug()
    words = ["--name", "Garage Nord", "--owner-name", "Noor", "--owner-email", f"n@{slug}.test"]
    answer = await terminal.json("tenants", "create", slug, *words, "--language", "fr")
    assert answer == {"slug": slug, "url": f"https://{slug}.garagist.test/"}
    tenant = await house.directory.by_slug(slug)
    assert tenant is not None
    assert (tenant.name, tenant.languages) == ("Garage Nord", ("fr",))
    await outbox.empty(Garage(house, app, tenant))
    assert len(outbox.mails_to(f"n@{slug}.test")) == 1


async def test_a_subdomain_that_is_taken_is_refused_in_words(
    terminal: Terminal, garage: Garage
) -> None:
    words = ["--name", "X", "--owner-name", "X", "--owner-email", "x@x.test"]
    result = await terminal.type("tenants", "create", garage.slug, *words)
    assert isinstance(result.exception, Refused)
    assert str(result.exception) == "This subdomain is already taken."


async def test_the_list_says_of_every_garage_what_is_on_and_whether_it_is_closed(
    terminal: Terminal, garage: Garage, other_garage: Garage
) -> None:
    await terminal.type("tenants", "close", other_garage.slug, "--reason", "moved")
    rows = {row["slug"]: row for row in await terminal.json("tenants", "list")}
    assert sorted(rows[garage.slug]["plugins"]) == ["self_service_portal", "vehicle_presence"]
    assert (rows[garage.slug]["closed"], rows[other_garage.slug]["closed"]) == (False, True)


async def test_the_list_goes_on_past_a_page(
    terminal: Terminal, garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [row["slug"] for row in await terminal.json("tenants", "list")]
    monkeypatch.setattr(repository, "PAGE", 1)
    assert [row["slug"] for row in await terminal.json("tenants", "list")] == whole
    assert whole == sorted(set(whole))


async def test_closing_needs_a_reason_and_happens_once(terminal: Terminal, garage: Garage) -> None:
    assert (await terminal.type("tenants", "close", garage.slug)).exit_code == 2
    assert await terminal.json("tenants", "close", garage.slug, "--reason", "moved") == {
        "slug": garage.slug,
        "closed": True,
    }
    result = await terminal.type("tenants", "close", garage.slug, "--reason", "again")
    assert str(result.exception) == f"there is no open garage {garage.slug}"


async def test_a_closed_garage_is_opened_again(terminal: Terminal, garage: Garage) -> None:
    await terminal.json("tenants", "close", garage.slug, "--reason", "moved")
    assert await terminal.json("tenants", "reopen", garage.slug, "--reason", "came back") == {
        "slug": garage.slug,
        "closed": False,
    }

    async def is_open() -> bool:
        return (await garage.browser().get("/desk/login")).status_code == 200

    await until(is_open, seconds=LOOK_SECONDS + 1)


async def test_a_garage_gets_a_host_name_of_its_own_and_loses_it(
    terminal: Terminal, garage: Garage
) -> None:
    host = f"www.{garage.slug}.be"
    added = await terminal.json("tenants", "add-domain", garage.slug, host.upper())
    assert added == {"slug": garage.slug, "host": host}

    async def answers(status: int) -> bool:
        return (await Browser(garage.app, host).get("/desk/login")).status_code == status

    await until(lambda: answers(200), seconds=LOOK_SECONDS + 1)
    chosen = await terminal.json("tenants", "main-domain", garage.slug, host)
    assert chosen == {"slug": garage.slug, "host": host}
    chosen = await terminal.json("tenants", "main-domain", garage.slug)
    assert chosen == {"slug": garage.slug, "host": None}
    await terminal.json("tenants", "remove-domain", garage.slug, host)
    await until(lambda: answers(404), seconds=LOOK_SECONDS + 1)


async def test_plugins_are_listed_with_what_they_require_and_whether_they_are_on(
    terminal: Terminal, garage: Garage
) -> None:
    rows = await terminal.json("plugins", "list", "--garage", garage.slug)
    found = {row["plugin"]: row for row in rows}
    assert (found["vehicle_presence"]["on"], found["polite"]["on"]) == (True, False)
    assert found["rude"]["requires"] == ["polite"]
    assert "on" not in (await terminal.json("plugins", "list"))[0]


async def test_a_plugin_is_switched_on_and_off_with_those_that_go_with_it(
    terminal: Terminal, garage: Garage
) -> None:
    where = ["--garage", garage.slug, "--reason", "a call"]
    on = await terminal.json("plugins", "enable", "rude", *where)
    off = await terminal.json("plugins", "disable", "polite", *where)
    again = await terminal.json("plugins", "disable", "polite", *where)
    assert (on["switched"], on["state"]) == (["polite", "rude"], "on")
    assert (off["switched"], again["switched"]) == (["rude", "polite"], [])
    async with garage.unit() as session:
        newest = await session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
    assert newest is not None
    assert (newest.actor_name, newest.reason) == ("command line", "a call")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["plugins", "enable", "tyres", "--garage", "{slug}"], "no plugin tyres is installed"),
        (["plugins", "enable", "polite", "--garage", "nobody"], "there is no open garage nobody"),
        (["plugins", "list", "--garage", "nobody"], "there is no open garage nobody"),
        (["presence", "sweep", "--garage", "nobody"], "there is no open garage nobody"),
        (["polite", "notes", "{slug}"], "polite is switched off for {slug}"),
    ],
)
async def test_what_is_unknown_or_off_is_named(
    terminal: Terminal, garage: Garage, words: list[str], text: str
) -> None:
    words = [word.format(slug=garage.slug) for word in words]
    if words[1] == "enable":
        words += ["--reason", "x"]
    result = await terminal.type(*words)
    assert result.exit_code == 1
    assert isinstance(result.exception, GaragistError)
    assert str(result.exception) == text.format(slug=garage.slug)


async def test_a_colleague_is_invited_by_mail_once(
    terminal: Terminal, garage: Garage, outbox: Outbox
) -> None:
    email = f"new@{garage.slug}.test"
    words = ["staff", "invite", email, "--garage", garage.slug, "--name", "N", "--role", "planner"]
    assert await terminal.json(*words) == {"email": email, "garage": garage.slug}
    again = await terminal.type(*words)
    assert "already works here" in str(again.exception)
    await outbox.empty(garage)
    assert len(outbox.mails_to(email)) == 1
    async with garage.unit() as session:
        member = await staff.by_email(session, email)
    assert member is not None
    assert member.role == "planner"


async def test_somebody_is_let_into_the_support_console(terminal: Terminal, house: House) -> None:
    email, password = f"{new_slug()}@vendor.test", "correct horse battery"
    result = await terminal.type(
        "support", "create", email, "--name", "Sam", "--json", text_in=f"{password}\n{password}\n"
    )
    assert result.exit_code == 0, result.output
    secret = json.loads(result.stdout[result.stdout.index("{") :])["totp_secret"]
    member, _token = await log_in(
        house.database, email=email, password=password, code=pyotp.TOTP(secret).now()
    )
    assert (member.name, member.role) == ("Sam", "support")
    assert password not in result.stdout


async def test_a_plugins_own_command_works_in_the_garages_scope(
    terminal: Terminal, garage: Garage, other_garage: Garage
) -> None:
    for each in (garage, other_garage):
        await each.switch("polite", on=True)
    async with other_garage.unit() as session:
        session.add(Note(text="not mine"))
    result = await terminal.type("polite", "notes", garage.slug)
    assert result.stdout == f"{garage.slug}: 1\n"


async def test_what_was_given_up_is_listed_and_tried_again(
    terminal: Terminal, garage: Garage, other_garage: Garage
) -> None:
    async with garage.unit() as session:
        entry = await session.scalar(select(OutboxEntry))
        assert entry is not None
        entry.dead_at, entry.last_error = now(), "no server"
    (row,) = await terminal.json("outbox", "list", "--garage", garage.slug)
    assert (row["what"], row["last_error"]) == ("core.staff_invitation", "no server")
    assert await terminal.json("outbox", "list", "--garage", other_garage.slug) == []
    words = ["--reason", "mended", "--entry", row["id"]]
    for slug, count in ((other_garage.slug, 0), (garage.slug, 1), (garage.slug, 0)):
        answer = await terminal.json("outbox", "retry", "--garage", slug, *words)
        assert answer == {"garage": slug, "tried_again": count}
