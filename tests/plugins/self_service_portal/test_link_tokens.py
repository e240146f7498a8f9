"""Names of things in links of mails."""

from uuid import uuid4

from core.house import House
from plugins.self_service_portal.link_tokens import read, sign
from tests.garages import Garage
from tests.rotation import another_key


async def test_a_token_opens_one_thing_for_one_purpose_in_one_garage(
    garage: Garage, other_garage: Garage
) -> None:
    thing = uuid4()
    async with garage.unit():
        token = sign("wish", thing)
        assert read("wish", token) == thing
        assert read("mail", token) is None
        assert read("wish", token + "x") is None
    async with other_garage.unit():
        assert read("wish", token) is None


async def test_a_token_outlives_a_change_of_the_key_while_the_former_one_is_known(
    house: House, garage: Garage
) -> None:
    thing = uuid4()
    async with garage.unit():
        token = sign("wish", thing)
        with another_key(house):
            assert read("wish", token) == thing
            assert sign("wish", thing) != token
        with another_key(house, is_old_one_known=False):
            assert read("wish", token) is None
