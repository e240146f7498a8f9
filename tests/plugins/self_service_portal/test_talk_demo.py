"""Talks and estimates of the demo."""

import hashlib
from pathlib import Path

from core.storage import storage
from core.workshop.jobs.services import set_status
from plugins.self_service_portal import message_repository, quote_repository, talk_demo
from plugins.self_service_portal.quote_files import examine
from tests import factories
from tests.garages import STAFF, Garage


async def test_the_demo_has_a_talk_a_question_and_two_estimates(garage: Garage) -> None:
    async with garage.unit() as session:
        made = []
        for status in ("in_progress", "in_progress", "planned", "planned"):
            job = await factories.a_job(session, plate=factories.a_plate(), language="fr")
            made.append(await set_status(session, job.id, status, STAFF))
        await talk_demo.fill_in(session)
        talks = [len(await message_repository.of_job(session, job.id)) for job in made]
        rows = [row for job in made for row in await quote_repository.of_job(session, job.id)]
        unread = await message_repository.count_unread(session)
    assert (talks, unread) == ([1, 3, 0, 0], 1)
    assert [outcome.kind if outcome else None for _quote, outcome in rows] == [None, "approved"]


async def test_the_demos_pdf_is_one(garage: Garage, tmp_path: Path) -> None:
    async with garage.unit() as session:
        job = await factories.a_job(session)
        await set_status(session, job.id, "planned", STAFF)
        await talk_demo.fill_in(session)
        ((quote, _outcome),) = await quote_repository.of_job(session, job.id)
        body = await storage().get_bytes(job.tenant_id, quote.pdf_key or "")
    path = tmp_path / "estimate.pdf"
    path.write_bytes(body)
    assert examine(path) == quote.pdf_sha256 == hashlib.sha256(body).hexdigest()
