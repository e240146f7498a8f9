"""Opening a garage, closing it and opening it again."""

from sqlalchemy import select

from core.clock import now
from core.house import House
from core.workshop.notifications.models import OutboxEntry
from tenants.models import Tenant
from tests.conftest import new_slug
from tests.factories import a_job
from tests.garages import Garage, Outbox
from tests.tenants.console.conftest import Desk


async def test_a_closed_garage_opens_again_with_all_that_it_had(garage: Garage, desk: Desk) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
    lead, page = await desk(), f"/garages/{garage.slug}"
    await lead.submit(f"{page}/close", {"reason": "did not pay"})
    assert (await garage.browser().get("/desk/login")).status_code == 404
    await lead.submit(f"{page}/reopen", {"reason": "paid"}, page=page)
    owner = await garage.staff("owner")
    assert (await owner.get(f"/desk/jobs/{job.id}")).status_code == 200
    log = await lead.open(f"/audit?garage={garage.slug}")
    assert "Garage reopened" in log.text


async def test_reopening_asks_for_a_reason(garage: Garage, desk: Desk) -> None:
    lead, page = await desk(), f"/garages/{garage.slug}"
    await lead.submit(f"{page}/close", {"reason": "did not pay"})
    answer = await lead.submit(f"{page}/reopen", {"reason": " "}, page=page)
    assert answer.status_code == 422
    assert (await garage.browser().get("/desk/login")).status_code == 404


async def test_reopening_an_open_garage_changes_nothing(garage: Garage, desk: Desk) -> None:
    lead, page = await desk(), f"/garages/{garage.slug}"
    await lead.submit(f"{page}/reopen", {"reason": "by mistake"}, page=page)
    log = await lead.open(f"/audit?garage={garage.slug}")
    assert "Garage reopened" not in log.text


async def test_a_garage_is_opened_in_its_country_with_its_vat_number(desk: Desk) -> None:
    lead, slug = await desk(), new_slug()
    values: dict[str, object] = {
        "slug": slug,
        "name": "Schadeherstel Zuid",
        "languages": ["nl"],
        "owner_name": "Olga",
        "owner_email": f"olga@{slug}.test",
        "country": "NL",
        "vat_number": "123",
    }
    answer = await lead.submit("/new-garage", values)
    assert answer.status_code == 409
    assert "This VAT number is not right." in answer.text
    assert 'value="123"' in answer.text
    answer = await lead.submit("/new-garage", {**values, "vat_number": "NL 0044.95.445.B01"})
    assert "Schadeherstel Zuid is open." in answer.text
    assert "Europe/Amsterdam" in answer.text


async def test_what_was_given_up_is_tried_again_with_a_reason_that_both_logs_keep(
    garage: Garage, desk: Desk, outbox: Outbox
) -> None:
    async with garage.unit() as session:
        entry = await session.scalar(select(OutboxEntry))
        assert entry is not None
        entry.dead_at = now()
    member, page = await desk("support"), f"/garages/{garage.slug}"
    answer = await member.submit(f"{page}/outbox", {"retry-reason": " "}, page=page)
    assert answer.status_code == 422
    answer = await member.submit(f"{page}/outbox", {"retry-reason": "mended"}, page=page)
    assert "1 mail or task is tried again." in answer.text
    shown = await member.open(page)
    assert ("mended" in shown.text, shown.select("#outbox")) == (True, [])
    await outbox.empty(garage)
    assert len(outbox.mails_to(f"olga@{garage.slug}.test")) == 1
    owner = await garage.staff("owner")
    assert "Given-up mails and tasks tried again" in (await owner.open("/desk/audit")).text


async def test_health_names_what_waits_in_open_garages_alone(garage: Garage, desk: Desk) -> None:
    async with garage.unit() as session:
        entry = await session.scalar(select(OutboxEntry))
        assert entry is not None
        entry.dead_at = now()
    lead = await desk()
    row = (await lead.open("/health")).select_one(f'tr:has(a[href="/garages/{garage.slug}"])')
    assert row is not None
    assert "1 given up" in row.text
    await lead.submit(f"/garages/{garage.slug}/close", {"reason": "did not pay"})
    assert garage.slug not in (await lead.open("/health")).text


async def test_a_garage_that_was_never_opened_completely_is_not_reopened(
    house: House, desk: Desk
) -> None:
    slug = new_slug()
    async with house.database.platform_unit_of_work() as session:
        session.add(Tenant(slug=slug, name="Half", languages=["nl"], country="BE", closed_at=now()))
    lead, page = await desk(), f"/garages/{slug}"
    answer = await lead.submit(f"{page}/reopen", {"reason": "customer calls"}, page=page)
    assert answer.status_code == 409
    assert "was never opened completely" in answer.text
    assert 'value="customer calls"' in answer.text
