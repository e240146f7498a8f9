"""What is in the outbox happens: at least once, never for ever, never by halves."""

import asyncio
import smtplib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.background.outbox import (
    FIRST_PAUSE,
    FORGOTTEN_IN_PASSING,
    KEPT,
    LEASE,
    LONGEST_PAUSE,
    MOST_ATTEMPTS,
    MOST_LOST,
    EffectRegistry,
    deliver,
)
from core.clock import frozen, now
from core.hooks.contributions import Effect
from core.hooks.manager import HookManager
from core.workshop.audit.models import AuditEntry
from core.workshop.customers.models import Customer
from core.workshop.notifications import repository
from core.workshop.notifications.models import OutboxEntry
from core.workshop.notifications.services import enqueue, send_mail
from core.workshop.staff.services import ask_for_password_reset
from tenants.given_up import try_given_up_again
from tests.factories import a_contact
from tests.garages import SUPPORT, Garage, Outbox

KEY = "the-cause"


class Trial:
    """An effect that a test can let fail, wait or kill its worker; it leaves a customer behind."""

    def __init__(self) -> None:
        self.ran: list[dict[str, Any]] = []
        self.failures = 0
        self.pause = 0.0
        self.dies = False
        self.given_up: list[dict[str, Any]] = []

    async def give_up(self, session: AsyncSession, payload: Mapping[str, Any]) -> None:
        await session.flush()
        self.given_up.append(dict(payload))
        raise RuntimeError("cannot even do that")

    async def run(self, session: AsyncSession, payload: Mapping[str, Any]) -> None:
        contact = a_contact()
        session.add(Customer(name=KEY, email=contact.email, language="en"))
        await session.flush()
        self.ran.append(dict(payload))
        await asyncio.sleep(self.pause)
        if self.dies:
            raise KeyboardInterrupt
        if len(self.ran) <= self.failures:
            raise smtplib.SMTPServerDisconnected("away")


class Worker:
    """Empties a garage's outbox of this trial's effect."""

    def __init__(self, garage: Garage, trial: Trial) -> None:
        self.garage = garage
        effect = Effect("trial", trial.run, given_up=trial.give_up)
        self.effects = EffectRegistry({"trial": effect}, HookManager([]))

    async def work(self, at: datetime | None = None) -> int:
        resources = self.garage.house.worker_resources
        with frozen(at or now()):
            return await deliver(resources, self.effects, self.garage.tenant.id)

    async def entry(self) -> OutboxEntry:
        async with self.garage.unit() as session:
            found = await repository.by_key(session, KEY)
        assert found is not None
        return found

    async def traces(self) -> int | None:
        async with self.garage.unit() as session:
            return await session.scalar(
                select(func.count()).select_from(Customer).where(Customer.name == KEY)
            )


@pytest.fixture
def trial() -> Trial:
    """The effect."""
    return Trial()


@pytest.fixture
async def worker(garage: Garage, trial: Trial, outbox: Outbox) -> Worker:
    """A worker, and one entry of the effect that is due."""
    await outbox.empty(garage)
    async with garage.unit() as session:
        await enqueue(session, "trial", {"number": 1}, key=KEY)
    return Worker(garage, trial)


async def test_an_effect_happens_once(worker: Worker, trial: Trial) -> None:
    assert [await worker.work(), await worker.work()] == [1, 0]
    entry = await worker.entry()
    assert (trial.ran, entry.attempts, entry.last_error) == ([{"number": 1}], 1, None)
    assert entry.done_at is not None


async def test_ten_workers_at_once_do_it_once(worker: Worker, trial: Trial) -> None:
    trial.pause = 0.1
    worked = await asyncio.gather(*(worker.work() for _ in range(10)))
    assert (len(trial.ran), sum(worked), await worker.traces()) == (1, 1, 1)
    assert (await worker.entry()).attempts == 1


async def test_an_effect_that_fails_leaves_nothing_half_done(worker: Worker, trial: Trial) -> None:
    trial.failures = 1
    await worker.work()
    entry = await worker.entry()
    assert await worker.traces() == 0
    assert (entry.done_at, entry.attempts) == (None, 1)
    assert "SMTPServerDisconnected" in str(entry.last_error)


async def test_what_failed_is_tried_again_after_a_pause_that_grows(
    worker: Worker, trial: Trial
) -> None:
    trial.failures = 3
    moment, pauses = now(), []
    for _ in range(3):
        assert await worker.work(moment) == 1
        assert await worker.work(moment) == 0
        due = (await worker.entry()).due_at
        pauses.append(due - moment)
        assert await worker.work(due - timedelta(seconds=1)) == 0
        moment = due
    assert pauses == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert await worker.work(moment) == 1
    assert (await worker.entry()).done_at == moment


async def test_what_always_fails_is_tried_for_two_days_then_dead_and_stays_visible(
    worker: Worker, trial: Trial
) -> None:
    trial.failures = 1000
    database, began = worker.garage.house.database, now()
    moment, pauses, seen = began, [], []
    while (entry := await worker.entry()).dead_at is None:
        pauses.append(max(entry.due_at - moment, timedelta(0)))
        moment += pauses[-1]
        await worker.work(moment)
        async with database.platform_unit_of_work() as session:
            seen += await repository.backlog(session, moment, [worker.garage.tenant.id])
    assert len(trial.ran) == entry.attempts == MOST_ATTEMPTS
    assert timedelta(days=2) <= moment - began <= timedelta(days=2, hours=1)
    assert max(pauses) == LONGEST_PAUSE
    assert [each.failing for each in seen] == [1] * (MOST_ATTEMPTS - 2) + [0]
    assert (seen[-1].dead, seen[-1].due, seen[-1].failing) == (1, 0, 0)


async def test_what_was_given_up_is_tried_again_when_support_says_so(
    worker: Worker, trial: Trial, other_garage: Garage
) -> None:
    async with worker.garage.unit() as session:
        entry = await repository.by_key(session, KEY)
        assert entry is not None
        entry.attempts, entry.lost_attempts, entry.dead_at = MOST_ATTEMPTS, 1, now()
    house = worker.garage.house
    for slug, count in ((other_garage.slug, 0), (worker.garage.slug, 1), (worker.garage.slug, 0)):
        again = await try_given_up_again(
            house.database, house.directory, slug, SUPPORT, reason="server mended"
        )
        assert again == count
    await worker.work()
    assert ((await worker.entry()).attempts, len(trial.ran)) == (1, 1)
    async with worker.garage.unit() as session:
        logged = await session.scalars(
            select(AuditEntry.reason).where(AuditEntry.subject == "outbox")
        )
        assert list(logged) == ["server mended"]


async def test_a_worker_that_died_at_work_is_followed_by_another_after_its_lease(
    worker: Worker, trial: Trial
) -> None:
    trial.dies = True
    moment = now()
    with pytest.raises(KeyboardInterrupt):
        await worker.work(moment)
    trial.dies = False
    assert await worker.traces() == 0
    assert await worker.work(moment + LEASE - timedelta(seconds=1)) == 0
    assert await worker.work(moment + LEASE) == 1
    entry = await worker.entry()
    assert (entry.attempts, entry.done_at, await worker.traces()) == (2, moment + LEASE, 1)


async def test_what_was_claimed_by_a_worker_that_never_began_is_not_lost(
    worker: Worker, trial: Trial
) -> None:
    moment = now()
    async with worker.garage.unit() as session:
        claimed = await repository.claim_next(session, moment)
        assert claimed is not None
        claimed.attempts += 1
        claimed.due_at = moment + LEASE
    assert await worker.work(moment) == 0
    assert await worker.work(moment + LEASE) == 1
    assert trial.ran == [{"number": 1}]


async def test_work_that_kills_its_worker_ends_dead_and_not_in_a_loop(
    worker: Worker, trial: Trial
) -> None:
    trial.dies = True
    moment = now()
    for _ in range(MOST_LOST):
        with pytest.raises(KeyboardInterrupt):
            await worker.work(moment)
        moment += LEASE
    await worker.work(moment)
    assert len(trial.ran) == MOST_LOST
    assert (await worker.entry()).dead_at == moment
    assert trial.given_up == [{"number": 1}]


async def test_one_that_fails_does_not_hold_the_others_up(worker: Worker, trial: Trial) -> None:
    trial.failures = 1
    async with worker.garage.unit() as session:
        for number in range(2, 6):
            await enqueue(session, "trial", {"number": number}, key=f"{KEY}-{number}")
    await worker.work()
    assert sorted(payload["number"] for payload in trial.ran) == [1, 2, 3, 4, 5]


async def test_the_oldest_is_done_first(worker: Worker, trial: Trial) -> None:
    async with worker.garage.unit() as session:
        long_ago = now() - timedelta(hours=1)
        await enqueue(session, "trial", {"number": 0}, key="older", due_at=long_ago)
    await worker.work()
    assert [payload["number"] for payload in trial.ran] == [0, 1]


async def test_what_a_plugin_had_queued_waits_while_it_is_off_and_goes_on_with_it(
    garage: Garage, outbox: Outbox
) -> None:
    await garage.switch("polite", on=True)
    to = f"customer@{garage.slug}.test"
    async with garage.unit() as session:
        await enqueue(session, "polite.hello", {"what": "x"}, key="effect")
        await send_mail(session, "polite.hello_mail", to, "en", {"what": "x"}, key="mail")
    await garage.switch("polite", on=False)
    await outbox.empty(garage)
    async with garage.unit() as session:
        for key in ("effect", "mail"):
            entry = await repository.by_key(session, key)
            assert entry is not None
            assert (entry.done_at, entry.dead_at, entry.lost_attempts) == (None, None, 0)
            assert "plugin is off or not installed" in str(entry.last_error)
    assert outbox.mails_to(to) == []
    await garage.switch("polite", on=True)
    await outbox.empty(garage)
    assert len(outbox.mails_to(to)) == 1


async def test_an_effect_may_be_tried_less_often(garage: Garage, outbox: Outbox) -> None:
    trial = Trial()
    trial.failures = 1000
    await outbox.empty(garage)
    async with garage.unit() as session:
        await enqueue(session, "trial", {"number": 1}, key=KEY)
    worker = Worker(garage, trial)
    few = Effect("trial", trial.run, most_attempts=2, given_up=trial.give_up)
    worker.effects = EffectRegistry({"trial": few}, HookManager([]))
    moment = now()
    await worker.work(moment)
    assert (await worker.entry()).dead_at is None
    await worker.work(moment + FIRST_PAUSE)
    assert (await worker.entry()).dead_at == moment + FIRST_PAUSE
    assert trial.given_up == [{"number": 1}]


async def test_a_mail_arrives_once_in_its_language(garage: Garage, outbox: Outbox) -> None:
    await garage.switch("polite", on=True)
    to = f"customer@{garage.slug}.test"
    for _ in range(2):
        async with garage.unit("en") as session:
            await send_mail(session, "polite.hello_mail", to, "fr", {"what": "x"}, key="mail-1")
        await outbox.empty(garage)
    (mail,) = outbox.mails_to(to)
    assert mail.message["Content-Language"] == "fr"
    assert mail.subject == "Page polie: x"
    assert mail.text.strip() == "x"


async def test_a_mail_says_from_whom_it_is_and_whom_to_answer(
    garage: Garage, outbox: Outbox
) -> None:
    await outbox.empty(garage)
    (mail,) = outbox.mails_to(f"olga@{garage.slug}.test")
    assert mail.message["Reply-To"] == garage.tenant.email
    assert mail.sender == f"{garage.tenant.name} <post@garagist.test>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert f"https://{garage.host}/desk/invitation/" in mail.text


async def test_a_mail_that_is_sent_again_has_the_same_id(garage: Garage, outbox: Outbox) -> None:
    await outbox.empty(garage)
    (first,) = outbox.mails_to(f"olga@{garage.slug}.test")
    async with garage.unit() as session:
        entry = await session.scalar(
            select(OutboxEntry).where(OutboxEntry.effect == "core.send_mail")
        )
        assert entry is not None
        entry.payload = {
            **entry.payload,
            "payload": {**entry.payload["payload"], "token": "again"},
        }
        entry.done_at = None
        entry.due_at = now()
    await outbox.empty(garage)
    again, first = outbox.mails_to(f"olga@{garage.slug}.test")
    assert again.message["Message-ID"] == first.message["Message-ID"]
    assert str(first.message["Message-ID"]).endswith("@garagist.test>")


async def test_a_links_secret_is_forgotten_once_its_mail_has_left(
    garage: Garage, outbox: Outbox
) -> None:
    await outbox.empty(garage)
    await garage.add_staff("planner", "p@garage.test")
    async with garage.unit() as session:
        await ask_for_password_reset(session, "p@garage.test")
        before = await _payloads(session)
    await outbox.empty(garage)
    async with garage.unit() as session:
        after = await _payloads(session)
    assert sum("token" in payload for payload in before) == 1
    assert sum("token" in payload for payload in after) == 0
    assert all("staff_id" in payload for payload in after)


async def _payloads(session: AsyncSession) -> list[dict[str, Any]]:
    rows = await session.scalars(
        select(OutboxEntry.payload).where(OutboxEntry.effect == "core.send_mail")
    )
    return [row["payload"] for row in rows]


async def test_a_name_cannot_smuggle_headers_into_a_mail(garage: Garage, outbox: Outbox) -> None:
    await garage.switch("polite", on=True)
    to = f"x@{garage.slug}.test"
    async with garage.unit() as session:
        victim = f"{to}\r\nBcc: victim@example.test"
        await send_mail(session, "polite.hello_mail", victim, "en", {"what": "x"}, key="smuggle")
    await outbox.empty(garage)
    async with garage.unit() as session:
        entry = await repository.by_key(session, "smuggle")
    assert outbox.mails_to("victim@example.test") == outbox.mails_to(to) == []
    assert entry is not None
    assert entry.done_at is None


async def test_what_was_done_half_a_year_ago_is_forgotten_in_passing(
    worker: Worker, trial: Trial, other_garage: Garage
) -> None:
    await worker.work()
    async with other_garage.unit() as session:
        await enqueue(session, "trial", {}, key=KEY)
    elsewhere = Worker(other_garage, trial)
    await elsewhere.work()
    async with worker.garage.unit() as session:
        await enqueue(session, "nobody knows this", {}, key="dead")
    await worker.work()
    later = now() + KEPT + timedelta(hours=1)
    for day in (-1, 1):
        async with worker.garage.unit() as session:
            await enqueue(session, "trial", {}, key=f"day {day}")
        await worker.work(later + timedelta(days=day))
        async with worker.garage.unit() as session:
            kept = {
                key: await repository.by_key(session, key) is not None
                for key in (KEY, "dead", f"day {day}")
            }
        assert kept == {KEY: day < 0, "dead": True, f"day {day}": True}
    assert await elsewhere.entry()


async def test_more_is_forgotten_than_is_added_and_never_everything_at_once(
    worker: Worker,
) -> None:
    while await worker.work():
        pass
    long_ago, many = now() - KEPT - timedelta(days=1), 3 * FORGOTTEN_IN_PASSING
    async with worker.garage.unit() as session:
        rows = [
            {"key": f"old {number}", "effect": "trial", "payload": {}, "done_at": long_ago}
            for number in range(many)
        ]
        await session.execute(insert(OutboxEntry), rows)
    left = many
    for number in range(3):
        async with worker.garage.unit() as session:
            await enqueue(session, "trial", {}, key=f"new {number}")
        left -= await worker.work() + FORGOTTEN_IN_PASSING
        async with worker.garage.unit() as session:
            old = select(func.count()).where(OutboxEntry.done_at < now() - KEPT)
            assert await session.scalar(old) == max(left, 0)
    assert left <= 0


async def test_no_more_than_asked_is_forgotten_even_where_the_database_compares_row_by_row(
    worker: Worker,
) -> None:
    long_ago = now() - KEPT - timedelta(days=1)
    rows = [
        {"key": f"old {number}", "effect": "trial", "payload": {}, "done_at": long_ago}
        for number in range(30)
    ]
    async with worker.garage.unit() as session:
        await session.execute(insert(OutboxEntry), rows)
        for way in ("hashjoin", "mergejoin", "material", "hashagg", "sort", "indexscan"):
            await session.execute(text(f"SET LOCAL enable_{way} = off"))
        await repository.forget_done(session, now() - KEPT, 10)
        old = select(func.count()).where(OutboxEntry.done_at < now() - KEPT)
        assert await session.scalar(old) == 20
