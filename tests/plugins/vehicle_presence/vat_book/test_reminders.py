"""Owner and accountants are reminded of missing invoice references before they are due, and
weekly while they are overdue."""

from datetime import UTC, date, datetime, timedelta

from core.clock import frozen
from core.mailbox.store import StoredMail
from plugins.vehicle_presence.vat_book.settling import (
    Correction,
    Settlement,
    correct,
    row_of,
    settle,
)
from plugins.vehicle_presence.vat_book.tasks import tend
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.vehicle_presence.vat_book.reading import a_departure

CAME = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
NIGHT = datetime(2026, 4, 23, 3, tzinfo=UTC)
"""A week before the deadline of what left in March."""


async def a_night(garage: Garage, outbox: Outbox, moment: datetime) -> None:
    """What is done for the VAT book in a night, and then by the outbox."""
    with frozen(moment):
        async with garage.unit() as session:
            await tend(session)
        await outbox.empty(garage)


async def people(garage: Garage) -> None:
    """An owner who reads French, an accountant, and one who is not reminded."""
    await garage.add_staff("owner", f"owner@{garage.slug}.test", language="fr")
    for role in ("accountant", "planner"):
        await garage.add_staff(role, f"{role}@{garage.slug}.test")


def reminders(outbox: Outbox, garage: Garage, role: str = "owner") -> list[StoredMail]:
    """The mails with the list, newest first; closed months are mailed with a file."""
    found = outbox.mails_to(f"{role}@{garage.slug}.test")
    return [mail for mail in found if "show=waiting" in mail.text]


async def test_a_week_before_the_deadline_owner_and_accountant_get_one_mail_in_their_language(
    garage: Garage, outbox: Outbox
) -> None:
    await people(garage)
    for plate in ("1-AAA-111", "1-BBB-222"):
        await a_departure(garage, arrived=CAME, plate=plate)
    await a_night(garage, outbox, NIGHT - DAY)
    assert reminders(outbox, garage) == []
    for moment in (NIGHT, NIGHT + DAY, NIGHT + 7 * DAY):
        await a_night(garage, outbox, moment)
    (mail,) = reminders(outbox, garage)
    for text in ("1-AAA-111", "1-BBB-222", "30 avr. 2026"):
        assert text in mail.text
        assert text in mail.html
    assert "référence" in mail.subject
    (mail,) = reminders(outbox, garage, "accountant")
    assert "due by 30 Apr 2026" in mail.text
    assert reminders(outbox, garage, "planner") == []


async def test_what_is_overdue_is_reminded_of_each_week_until_it_is_noted(
    garage: Garage, outbox: Outbox
) -> None:
    await people(garage)
    row_id = await a_departure(garage, arrived=CAME, plate="1-AAA-111")
    counts = []
    for days in (0, 7, 8, 9, 14, 15):
        await a_night(garage, outbox, NIGHT + days * DAY)
        counts.append(len(reminders(outbox, garage)))
    assert counts == [1, 1, 2, 2, 2, 3]
    assert "overdue since 30 Apr 2026" in reminders(outbox, garage, "accountant")[0].text
    async with garage.unit() as session:
        await settle(session, row_id, Settlement("2026/1"), STAFF)
    await a_night(garage, outbox, NIGHT + 30 * DAY)
    assert len(reminders(outbox, garage)) == 3


async def test_a_deadline_that_moved_is_reminded_of_anew(garage: Garage, outbox: Outbox) -> None:
    await people(garage)
    row_id = await a_departure(garage, arrived=CAME, plate="1-AAA-111")
    await a_night(garage, outbox, NIGHT)
    with frozen(NIGHT + DAY):
        async with garage.unit() as session:
            entry = (await row_of(session, row_id)).entry
            later = Correction(CAME.date(), entry.plate or "", "", "", None, left=date(2026, 4, 1))
            await correct(session, row_id, later, "left in April", STAFF)
    await a_night(garage, outbox, NIGHT + 2 * DAY)
    assert len(reminders(outbox, garage)) == 1
    await a_night(garage, outbox, datetime(2026, 5, 24, 3, tzinfo=UTC))
    assert len(reminders(outbox, garage)) == 2


async def test_a_row_that_waits_later_is_in_a_mail_of_its_own(
    garage: Garage, outbox: Outbox
) -> None:
    await people(garage)
    await a_departure(garage, arrived=CAME, plate="1-AAA-111")
    await a_night(garage, outbox, NIGHT)
    await a_departure(garage, arrived=CAME, plate="1-BBB-222")
    await a_night(garage, outbox, NIGHT + DAY)
    second, first = reminders(outbox, garage)
    assert "1-AAA-111" in first.text
    assert "1-BBB-222" in second.text
    assert "1-AAA-111" not in second.text


async def test_what_was_noted_before_the_mail_left_is_not_in_it(
    garage: Garage, outbox: Outbox
) -> None:
    await people(garage)
    rows = [await a_departure(garage, arrived=CAME, plate=f"1-AAA-11{n}") for n in range(2)]
    with frozen(NIGHT):
        async with garage.unit() as session:
            await tend(session)
            await settle(session, rows[0], Settlement("2026/1"), STAFF)
        await outbox.empty(garage)
    (mail,) = reminders(outbox, garage)
    assert "1-AAA-110" not in mail.text
    assert "1-AAA-111" in mail.text


async def test_where_nothing_waits_nobody_is_mailed(garage: Garage, outbox: Outbox) -> None:
    await people(garage)
    row_id = await a_departure(garage, arrived=CAME)
    async with garage.unit() as session:
        await settle(session, row_id, Settlement("2026/1"), STAFF)
    await a_night(garage, outbox, NIGHT)
    assert reminders(outbox, garage) == []
