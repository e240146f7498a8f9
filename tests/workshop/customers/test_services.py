"""Knowing a customer again."""

import pytest

from core.errors import NotFound
from core.workshop.customers import repository
from core.workshop.customers.services import Contact, find_or_add
from tests.factories import a_contact
from tests.garages import Garage

ANN = Contact("Ann Peeters", "nl", " Ann@Example.test ", "0475 12 34 56", "BE0403019261")


async def test_a_customer_is_known_again_in_any_typing_of_case(garage: Garage) -> None:
    async with garage.unit() as session:
        first = await find_or_add(session, ANN)
        again = await find_or_add(session, Contact(" ANN PEETERS ", "nl", "ann@EXAMPLE.test"))
    assert again.id == first.id
    assert again.email == "ann@example.test"


async def test_a_family_that_shares_an_address_is_not_mixed_up(garage: Garage) -> None:
    async with garage.unit() as session:
        ann = await find_or_add(session, ANN)
        ben = await find_or_add(session, Contact("Ben Peeters", "nl", ANN.email))
    assert ann.id != ben.id


async def test_what_is_newer_wins_and_nothing_is_emptied(garage: Garage) -> None:
    async with garage.unit() as session:
        await find_or_add(session, ANN)
        again = await find_or_add(session, Contact(ANN.name, "fr", ANN.email))
        called = await find_or_add(session, Contact(ANN.name, "fr", ANN.email, "0486 00 00 00"))
    assert (again.language, again.vat_number) == ("fr", "BE0403019261")
    assert called.phone == "0486 00 00 00"


async def test_without_an_address_everybody_is_new(garage: Garage) -> None:
    async with garage.unit() as session:
        contact = a_contact(email=None)
        one, other = await find_or_add(session, contact), await find_or_add(session, contact)
    assert one.id != other.id


async def test_a_customer_of_another_garage_is_unknown(
    garage: Garage, other_garage: Garage
) -> None:
    async with other_garage.unit() as session:
        foreign = await find_or_add(session, ANN)
    async with garage.unit() as session:
        own = await find_or_add(session, ANN)
        assert own.id != foreign.id
        with pytest.raises(NotFound):
            await repository.by_id(session, foreign.id)
