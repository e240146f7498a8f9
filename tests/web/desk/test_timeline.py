"""A job's history in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.hooks.contributions import TimelineEntry
from core.i18n import LANGUAGES, language_scope
from core.tenancy.context import tenant_scope
from core.web.desk.timeline import entries_of, in_order
from core.workshop.jobs.models import JobEvent, JobTask
from tests.garages import Garage

AT = datetime(2026, 12, 3, 9, 30, tzinfo=UTC)
SLOT = {"kind": "estimate", "starts_at": "2026-12-05T09:00:00+00:00"}
TASK = JobTask(key="paint", labels={"en": "Paint", "nl": "Spuiten"}, position=1)


def event(
    kind: str, details: dict[str, Any] | None = None, *, actor: str = "Robin", at: datetime = AT
) -> JobEvent:
    """A line as it is stored."""
    return JobEvent(kind=kind, actor=actor, at=at, details=details or {})


WORDS = {
    "opened": (event("job_created"), "Job opened by Robin"),
    "by the customer": (event("job_created", actor="customer"), "Job opened by the customer"),
    "status": (
        event("status_changed", {"before": "new", "after": "ready"}),
        "Status: Ready (Robin)",
    ),
    "informed": (event("client_informed"), "Client informed by Robin"),
    "task": (event("task_finished", {"task": "paint"}), "Paint: Finished (Robin)"),
    "a task that is gone": (event("task_on_hold", {"task": "x"}), "x: On hold (Robin)"),
    "a task that is somebody's": (
        event("task_assigned", {"task": "paint", "to": "Tim"}),
        "Paint: for Tim (Robin)",
    ),
    "a task that is nobody's": (
        event("task_assigned", {"task": "paint", "to": None}),
        "Paint: given back (Robin)",
    ),
    "booked": (event("appointment_booked", SLOT), "Estimate on Sat 5 Dec, 10:00 booked by Robin"),
    "moved": (event("appointment_moved", SLOT), "Estimate moved to Sat 5 Dec, 10:00 by Robin"),
    "cancelled": (
        event("appointment_cancelled", SLOT),
        "Estimate on Sat 5 Dec, 10:00 cancelled by Robin",
    ),
}


@pytest.mark.parametrize(("stored", "words"), WORDS.values(), ids=WORDS.keys())
def test_each_kind_of_event_is_a_sentence(garage: Garage, stored: JobEvent, words: str) -> None:
    with tenant_scope(garage.tenant), language_scope("en"):
        found = entries_of([stored], [TASK])
    assert [(each.text, each.at) for each in found] == [(words, AT)]


def test_what_a_plugin_noted_is_left_to_the_plugin(garage: Garage) -> None:
    with tenant_scope(garage.tenant):
        assert entries_of([event("vehicle_arrived")], []) == []


def test_photos_are_one_line_however_many_there_are(garage: Garage) -> None:
    events = [event("photo_added", at=AT + timedelta(hours=ago)) for ago in (2, 1, 0)]
    with tenant_scope(garage.tenant), language_scope("en"):
        found = entries_of(events, [])
    assert [(each.text, each.at) for each in found] == [
        ("Photos received: 3", AT + timedelta(hours=2))
    ]


def test_the_newest_line_stands_first() -> None:
    lines = [TimelineEntry(AT + timedelta(hours=hour), str(hour)) for hour in (1, 3, 2)]
    assert [each.text for each in in_order(lines)] == ["3", "2", "1"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_be_said_in_every_language(garage: Garage, language: str) -> None:
    stored = [each for each, _words in WORDS.values()]
    with tenant_scope(garage.tenant), language_scope(language):
        found = entries_of(stored, [TASK])
    assert len(found) == len(stored)
    assert all("%(" not in each.text for each in found)
