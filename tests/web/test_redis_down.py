"""With Redis down no page fails and nothing that was asked for is lost."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.app import app_of
from core.background.celery_app import create_celery
from core.background.kick import WorkerKick
from core.embedded.valkey import EmbeddedValkey
from core.house import House
from core.workshop.notifications.services import install_kick
from tenants.directory import DatabaseTenantDirectory
from tenants.epoch import Epoch
from tests import factories
from tests.customers import book_estimate
from tests.garages import Browser, Garage, Outbox
from tests.security.furnished import furnish
from tests.security.routes import litestar_of, routes_of
from tests.servers import Servers
from tests.solving import submit_and_work

LONGEST_SECONDS = 5.0


@pytest.fixture
async def stranded(
    servers: Servers, house: House, garage: Garage, tmp_path: Path
) -> AsyncIterator[Garage]:
    """A garage, served by a process whose Redis has just died under it."""
    valkey = EmbeddedValkey(tmp_path, durable=False)
    valkey.start()
    settings, epoch = servers.settings(redis_url=valkey.url), Epoch(valkey.url)
    directory = DatabaseTenantDirectory(
        house.database, epoch, house.hooks.manifests, base_domain=settings.base_domain
    )
    app = app_of(replace(house, settings=settings, epoch=epoch, directory=directory))
    cut_off = Garage(house, app, garage.tenant)
    await cut_off.browser().submit("/en/status", {"plate": "1-ABC-123", "number": "AAAAAAAAA"})
    valkey.stop()
    yield cut_off
    install_kick(WorkerKick(create_celery(house.settings)))
    await litestar_of(app).state.resources.limiter.close()
    await epoch.close()


async def test_staff_log_in_and_every_page_opens(stranded: Garage) -> None:
    furnished = await furnish(stranded)
    staff, customer = await stranded.staff("owner"), await furnished.customer()
    failed = []
    for route in routes_of(stranded.app):
        if route.method == "GET" and route.plugin not in {"polite", "rude"}:
            browser = staff if route.is_guarded else customer
            started = time.monotonic()
            answer = await browser.get(route.filled(furnished.values(route)))
            if answer.status_code >= 500 or time.monotonic() - started > LONGEST_SECONDS:
                failed.append(f"{route}: {answer.status_code}")
    assert not failed, "\n".join(failed)


async def test_a_booking_is_kept_and_its_mail_leaves_once_when_somebody_works_again(
    stranded: Garage, outbox: Outbox
) -> None:
    address = f"jan@{stranded.slug}.test"
    await book_estimate(stranded.browser(), email=address)
    assert outbox.mails_to(address) == []
    for _ in range(3):
        await outbox.empty(stranded)
    assert len(outbox.mails_to(address)) == 1


async def test_guessing_is_still_limited_and_the_right_pair_still_works(
    stranded: Garage,
) -> None:
    async with stranded.unit() as session:
        job = await factories.a_job(session)
    guesser = stranded.browser(address="203.0.113.40")
    form = {"plate": job.plate, "number": "AAA-AAA-AAA"}
    statuses = [
        (await submit_and_work(guesser, "/en/status", dict(form))).status_code for _ in range(21)
    ]
    right = await submit_and_work(
        stranded.browser(address="203.0.113.41"),
        "/en/status",
        {"plate": job.plate, "number": job.public_number},
    )
    assert (statuses[0], statuses[-1], right.status_code) == (422, 429, 303)


async def test_photos_are_taken_in(stranded: Garage) -> None:
    async with stranded.unit() as session:
        job = await factories.a_job(session)
    browser: Browser = await stranded.staff("planner")
    answer = await browser.submit(
        f"/desk/jobs/{job.id}/photos",
        page="/desk",
        files=[("photos", ("front.jpg", factories.jpeg(), "image/jpeg"))],
        follow=False,
    )
    assert answer.status_code == 303
