"""The vendor's help desk: who gets in."""

import asyncio
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from core.clock import frozen
from core.db.session import Database
from core.errors import Refused
from core.house import House
from tenants.models import SupportMember
from tenants.support_staff import (
    SESSION_LIFE,
    authenticator_link,
    create_support_member,
    log_in,
    log_out,
    member_behind,
)
from tests.conftest import new_slug

PASSWORD = "correct horse battery"
NOON = datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def database(house: House) -> Database:
    """The doors to PostgreSQL."""
    return house.database


async def a_member(database: Database, **changes: str) -> SupportMember:
    """Somebody of the help desk."""
    facts = {"email": f"{new_slug()}@vendor.test", "name": "Sam", "password": PASSWORD, **changes}
    member, _secret = await create_support_member(database, **facts)
    return member


def code_of(member: SupportMember, moment: datetime = NOON) -> str:
    """What their authenticator shows."""
    return pyotp.TOTP(member.totp_secret).at(moment)


async def test_the_three_together_open_a_session_until_it_ends(database: Database) -> None:
    member = await a_member(database)
    with frozen(NOON):
        _member, token = await log_in(
            database, email=f" {member.email.upper()}", password=PASSWORD, code=code_of(member)
        )
        found = await member_behind(database, token)
        assert found is not None
        assert found.id == member.id
    with frozen(NOON + SESSION_LIFE):
        assert await member_behind(database, token) is None


@pytest.mark.parametrize("wrong", ["email", "password", "code"])
async def test_one_wrong_of_the_three_is_refused_with_the_same_words(
    database: Database, wrong: str
) -> None:
    member = await a_member(database)
    right = {"email": member.email, "password": PASSWORD, "code": code_of(member)}
    with frozen(NOON), pytest.raises(Refused) as refusal:
        await log_in(database, **{**right, wrong: "000000x"})
    assert str(refusal.value).startswith("E-mail address, password and code do not belong")


async def test_a_code_works_once_even_for_two_at_once(database: Database) -> None:
    member = await a_member(database)
    with frozen(NOON):
        results = await asyncio.gather(
            *(
                log_in(database, email=member.email, password=PASSWORD, code=code_of(member))
                for _ in range(3)
            ),
            return_exceptions=True,
        )
    assert len([each for each in results if not isinstance(each, Refused)]) == 1


@pytest.mark.parametrize(("seconds", "fits"), [(-61, False), (-30, True), (30, True), (61, False)])
async def test_a_clock_may_be_wrong_by_one_step(
    database: Database, seconds: int, fits: bool
) -> None:
    member = await a_member(database)
    code = code_of(member, NOON + timedelta(seconds=seconds))
    with frozen(NOON):
        attempt = log_in(database, email=member.email, password=PASSWORD, code=code)
        if fits:
            await attempt
        else:
            with pytest.raises(Refused):
                await attempt


async def test_whoever_was_switched_off_gets_in_no_longer(database: Database) -> None:
    member = await a_member(database)
    with frozen(NOON):
        _member, token = await log_in(
            database, email=member.email, password=PASSWORD, code=code_of(member)
        )
    async with database.platform_unit_of_work() as session:
        stored = await session.get(SupportMember, member.id)
        assert stored is not None
        stored.is_active = False
    with frozen(NOON + timedelta(minutes=1)):
        assert await member_behind(database, token) is None
        code = code_of(member, NOON + timedelta(minutes=1))
        with pytest.raises(Refused):
            await log_in(database, email=member.email, password=PASSWORD, code=code)


async def test_logging_out_and_logging_in_again_end_the_session_before(
    database: Database,
) -> None:
    member = await a_member(database)
    with frozen(NOON):
        _member, first = await log_in(
            database, email=member.email, password=PASSWORD, code=code_of(member)
        )
    later = NOON + timedelta(minutes=2)
    with frozen(later):
        code = code_of(member, later)
        _member, second = await log_in(
            database, email=member.email, password=PASSWORD, code=code, replaces=first
        )
        assert await member_behind(database, first) is None
        await log_out(database, second)
        assert await member_behind(database, second) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": "owner"}, "role"),
        ({"password": "short"}, "password"),
        ({"totp_secret": "not base32!"}, None),
    ],
)
async def test_a_member_of_the_wrong_kind_is_refused(
    database: Database, changes: dict[str, str], field: str | None
) -> None:
    with pytest.raises(Refused) as refusal:
        await a_member(database, **changes)
    assert refusal.value.field == field


async def test_an_address_belongs_to_one_member_in_any_typing(database: Database) -> None:
    member = await a_member(database)
    with pytest.raises(Refused, match="already exists"):
        await a_member(database, email=member.email.upper())


async def test_the_authenticators_link_names_the_member(database: Database) -> None:
    member = await a_member(database)
    parsed = pyotp.parse_uri(authenticator_link(member))
    assert (parsed.issuer, parsed.name) == ("Garagist", member.email)
