"""A new key: what the former one signed is still believed, as long as it is known."""

import pytest

from core.app import app_of
from core.house import House
from core.workshop.planning.links import give_link, renew_link
from tests.factories import a_job, an_appointment
from tests.garages import PASSWORD, Garage
from tests.rotation import another_key
from tests.security.routes import litestar_of


@pytest.mark.parametrize(("is_known", "status"), [(True, 303), (False, 403)])
async def test_a_form_that_stood_open_is_accepted_after_a_change_of_the_key(
    house: House, garage: Garage, is_known: bool, status: int
) -> None:
    email = f"owner@{garage.slug}.test"
    await garage.add_staff("owner", email)
    browser = garage.browser()
    token = await browser.token("/desk/login")
    with another_key(house, is_old_one_known=is_known) as changed:
        app = app_of(changed)
        again = Garage(changed, app, garage.tenant).browser()
        again.cookies = browser.cookies
        form = {"csrf_token": token, "email": email, "password": PASSWORD, "next": "/desk"}
        answer = await again.post("/desk/login", data=form)
        await litestar_of(app).state.resources.limiter.close()
    assert answer.status_code == status


async def test_the_link_of_an_appointment_stays_the_same_after_a_change_of_the_key(
    house: House, garage: Garage
) -> None:
    async with garage.unit() as session:
        appointment, _secret = await an_appointment(session, await a_job(session), "drop_off")
        mailed = give_link(appointment)
        with another_key(house):
            assert give_link(appointment) == mailed
        with another_key(house, is_old_one_known=False):
            assert give_link(appointment) != mailed


async def test_a_link_that_was_renewed_is_another_one_and_stays_after_a_change_of_the_key(
    house: House, garage: Garage
) -> None:
    async with garage.unit() as session:
        appointment, _secret = await an_appointment(session, await a_job(session), "drop_off")
        given = [give_link(appointment)]
        for _twice in range(2):
            renew_link(appointment)
            given.append(give_link(appointment))
        with another_key(house):
            assert give_link(appointment) == given[-1]
    assert len(set(given)) == 3
