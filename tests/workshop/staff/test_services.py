"""Letting people in and out."""

import asyncio
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from core.clock import frozen, now
from core.db.reading import SessionReading
from core.errors import NotFound, Refused
from core.workshop.audit import repository as audit
from core.workshop.staff import repository
from core.workshop.staff.passwords import MINIMUM_LENGTH
from core.workshop.staff.services import (
    INVITATION_LIFE,
    RESET_LIFE,
    SESSION_LIFE,
    SUPPORT_SESSION_LIFE,
    ask_for_password_reset,
    choose_password,
    enter_as_support,
    invite,
    log_in,
    log_out,
    open_session,
    owner_of_link,
    switch_member,
    token_hash,
)
from tests.garages import PASSWORD, STAFF, Garage, Outbox

NEW_PASSWORD = "another long password"


async def is_in(garage: Garage, token: str) -> bool:
    async with garage.unit() as session:
        return await repository.open_session(session, token_hash(token), now()) is not None


async def planner(garage: Garage, name: str = "pia") -> tuple[UUID, str]:
    """A planner's id and address."""
    email = f"{name}@{garage.slug}.test"
    await garage.add_staff("planner", email)
    async with garage.unit() as session:
        member = await repository.by_email(session, email)
    assert member is not None
    return member.id, email


async def logged_in(garage: Garage, email: str) -> str:
    async with garage.unit() as session:
        _, token = await log_in(session, SessionReading(session), email, PASSWORD)
    return token


async def mailed_link(garage: Garage, outbox: Outbox, email: str, purpose: str) -> str:
    """The secret of the newest link of that kind in the person's mails."""
    await outbox.empty(garage)
    for mail in outbox.mails_to(email):
        found = re.search(rf"/desk/{purpose}/([\w-]+)", mail.text)
        if found:
            return found[1]
    raise AssertionError(f"no {purpose} was mailed to {email}")


async def reset_link(garage: Garage, outbox: Outbox, email: str) -> str:
    async with garage.unit() as session:
        await ask_for_password_reset(session, email)
    return await mailed_link(garage, outbox, email, "reset")


async def test_the_right_pair_opens_a_session(garage: Garage) -> None:
    staff_id, email = await planner(garage)
    async with garage.unit() as session:
        member, token = await log_in(
            session, SessionReading(session), f" {email.upper()} ", PASSWORD
        )
        found = await repository.open_session(session, token_hash(token), now())
    assert member.id == staff_id
    assert found is not None
    assert token not in str(vars(found[0]))


async def test_every_wrong_login_gets_the_same_answer(garage: Garage) -> None:
    _, right = await planner(garage)
    inactive_id, inactive = await planner(garage, "ida")
    async with garage.unit() as session:
        await switch_member(session, inactive_id, is_active=False, actor=STAFF)
    invited = f"olga@{garage.slug}.test"
    tries = [(right, "wrong"), ("nobody@x.test", PASSWORD), (inactive, PASSWORD), (invited, "")]
    answers = set()
    for email, password in tries:
        async with garage.unit() as session:
            with pytest.raises(Refused) as refused:
                await log_in(session, SessionReading(session), email, password)
        answers.add((refused.value.message, refused.value.field, refused.value.status_code))
    assert len(answers) == 1


async def test_a_login_of_one_garage_is_none_at_another(
    garage: Garage, other_garage: Garage
) -> None:
    _, email = await planner(garage)
    token = await logged_in(garage, email)
    assert not await is_in(other_garage, token)
    async with other_garage.unit() as session:
        with pytest.raises(Refused):
            await log_in(session, SessionReading(session), email, PASSWORD)


async def test_a_session_ends_by_itself_and_is_swept_away(garage: Garage) -> None:
    _, email = await planner(garage)
    token = await logged_in(garage, email)
    with frozen(now() + SESSION_LIFE):
        assert not await is_in(garage, token)
        fresh = await logged_in(garage, email)
    assert not await is_in(garage, token)
    assert await is_in(garage, fresh)


async def test_logging_out_ends_this_browsers_session_only(garage: Garage) -> None:
    _, email = await planner(garage)
    one, other = await logged_in(garage, email), await logged_in(garage, email)
    async with garage.unit() as session:
        await log_out(session, one)
        await log_out(session, one)
    assert not await is_in(garage, one)
    assert await is_in(garage, other)


async def test_an_invited_person_chooses_a_password_once(garage: Garage, outbox: Outbox) -> None:
    email = f"tom@{garage.slug}.test"
    async with garage.unit() as session:
        await invite(
            session, email=email, name="Tom", role="technician", language="nl", actor=STAFF
        )
    link = await mailed_link(garage, outbox, email, "invitation")
    async with garage.unit() as session:
        member, token = await choose_password(session, link, "invitation", NEW_PASSWORD)
    assert (member.role, await is_in(garage, token)) == ("technician", True)
    async with garage.unit() as session:
        await log_in(session, SessionReading(session), email, NEW_PASSWORD)
        with pytest.raises(NotFound):
            await choose_password(session, link, "invitation", NEW_PASSWORD)


async def test_a_new_password_ends_all_sessions_and_links(garage: Garage, outbox: Outbox) -> None:
    _, email = await planner(garage)
    old = await logged_in(garage, email)
    first = await reset_link(garage, outbox, email)
    second = await reset_link(garage, outbox, email)
    assert first != second
    async with garage.unit() as session:
        _, fresh = await choose_password(session, first, "password_reset", NEW_PASSWORD)
    assert [await is_in(garage, token) for token in (old, fresh)] == [False, True]
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await owner_of_link(session, second, "password_reset")
        with pytest.raises(Refused):
            await log_in(session, SessionReading(session), email, PASSWORD)


async def test_a_short_password_is_refused_and_the_link_still_works(
    garage: Garage, outbox: Outbox
) -> None:
    _, email = await planner(garage)
    link = await reset_link(garage, outbox, email)
    async with garage.unit() as session:
        with pytest.raises(Refused) as refused:
            await choose_password(session, link, "password_reset", "x" * (MINIMUM_LENGTH - 1))
    assert refused.value.field == "password"
    async with garage.unit() as session:
        await choose_password(session, link, "password_reset", "x" * MINIMUM_LENGTH)


@pytest.mark.parametrize(
    ("purpose", "life"), [("password_reset", RESET_LIFE), ("invitation", INVITATION_LIFE)]
)
async def test_a_link_ends_by_itself_and_fits_its_purpose_only(
    garage: Garage, outbox: Outbox, purpose: str, life: timedelta
) -> None:
    _, email = await planner(garage)
    if purpose == "invitation":
        email = f"olga@{garage.slug}.test"
        link = await mailed_link(garage, outbox, email, "invitation")
    else:
        link = await reset_link(garage, outbox, email)
    other = {"password_reset": "invitation", "invitation": "password_reset"}[purpose]
    async with garage.unit() as session:
        assert (await owner_of_link(session, link, purpose)).email == email
        with pytest.raises(NotFound):
            await owner_of_link(session, link, other)
        with frozen(now() + life), pytest.raises(NotFound):
            await owner_of_link(session, link, purpose)


async def test_nobody_is_mailed_who_is_unknown_or_switched_off(
    garage: Garage, outbox: Outbox
) -> None:
    staff_id, email = await planner(garage)
    await outbox.empty(garage)
    async with garage.unit() as session:
        await switch_member(session, staff_id, is_active=False, actor=STAFF)
        for address in (email, "nobody@example.test"):
            await ask_for_password_reset(session, address)
    assert await outbox.empty(garage) == 0


async def test_who_is_locked_out_while_the_mail_waits_gets_none(
    garage: Garage, outbox: Outbox
) -> None:
    staff_id, email = await planner(garage)
    async with garage.unit() as session:
        await ask_for_password_reset(session, email)
        await switch_member(session, staff_id, is_active=False, actor=STAFF)
    await outbox.empty(garage)
    assert outbox.mails_to(email) == []


async def test_locking_somebody_out_ends_their_sessions_and_is_logged(garage: Garage) -> None:
    staff_id, email = await planner(garage)
    token = await logged_in(garage, email)
    async with garage.unit() as session:
        for _ in range(2):
            await switch_member(session, staff_id, is_active=False, actor=STAFF)
        entries = await audit.newest(session)
    assert not await is_in(garage, token)
    assert [entry.action for entry in entries].count("staff.locked_out") == 1


async def test_somebody_can_be_let_in_again(garage: Garage) -> None:
    staff_id, email = await planner(garage)
    async with garage.unit() as session:
        await switch_member(session, staff_id, is_active=False, actor=STAFF)
        await switch_member(session, staff_id, is_active=True, actor=STAFF)
    assert await is_in(garage, await logged_in(garage, email))


async def test_the_last_owner_cannot_be_locked_out(garage: Garage) -> None:
    async with garage.unit() as session:
        owner = await repository.by_email(session, f"olga@{garage.slug}.test")
        assert owner is not None
        with pytest.raises(Refused, match="at least one owner"):
            await switch_member(session, owner.id, is_active=False, actor=STAFF)
    assert owner.is_active


async def test_two_owners_cannot_lock_each_other_out_at_once(garage: Garage) -> None:
    await garage.add_staff("owner", f"second@{garage.slug}.test")
    async with garage.unit() as session:
        owners = [member.id for member in await repository.everyone(session)]

    async def lock_out(staff_id: UUID) -> None:
        async with garage.unit() as session:
            await switch_member(session, staff_id, is_active=False, actor=STAFF)
            await asyncio.sleep(0.1)

    results = await asyncio.gather(*map(lock_out, owners), return_exceptions=True)
    async with garage.unit() as session:
        assert len(await repository.lock_active_owners(session)) == 1
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "Refused"]


@pytest.mark.parametrize(
    ("email", "role", "field"), [("olga", "planner", "email"), ("new", "boss", "role")]
)
async def test_an_invitation_that_cannot_be_is_refused_with_its_field(
    garage: Garage, email: str, role: str, field: str
) -> None:
    address = f" {email.upper()}@{garage.slug}.TEST"
    async with garage.unit() as session:
        with pytest.raises(Refused) as refused:
            await invite(session, email=address, name="X", role=role, language="en", actor=STAFF)
        assert len(await repository.everyone(session)) == 1
    assert refused.value.field == field


async def test_somebody_unknown_cannot_be_switched(garage: Garage) -> None:
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await switch_member(session, uuid4(), is_active=False, actor=STAFF)


async def test_support_comes_in_by_a_link_once_and_not_for_long(garage: Garage) -> None:
    async with garage.unit() as session:
        link = open_session(session, support=("Sam", "a question"))
    async with garage.unit() as session:
        token = await enter_as_support(session, link)
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await enter_as_support(session, link)
        found = await repository.open_session(session, token_hash(token), now())
    assert found is not None
    assert (found[0].support_name, found[0].support_reason, found[1]) == ("Sam", "a question", None)
    with frozen(now() + SUPPORT_SESSION_LIFE):
        assert not await is_in(garage, token)


async def test_the_cookie_of_staff_is_no_link_of_support(garage: Garage) -> None:
    _, email = await planner(garage)
    token = await logged_in(garage, email)
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await enter_as_support(session, token)
