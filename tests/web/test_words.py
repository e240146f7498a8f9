"""Words for what is stored as stable keys, in every language."""

from collections.abc import Callable, Sequence

import pytest

from core.i18n import LANGUAGES, language_scope
from core.web import words
from core.workshop.jobs.services import STATUSES
from core.workshop.jobs.stages import CLAIM_CAPACITIES
from core.workshop.planning.models import KINDS
from core.workshop.staff.models import ROLES
from tests.garages import Garage

TASK_STATES = ("not_started", "in_progress", "on_hold", "finished", "skipped")
DEPARTMENTS = ("reception", "dis_assembly", "bodywork", "paint")
STORED: dict[str, tuple[Callable[[str], str], Sequence[str]]] = {
    "status": (words.status_label, STATUSES),
    "state of a task": (words.task_state_label, TASK_STATES),
    "department": (words.department_label, DEPARTMENTS),
    "kind of appointment": (words.appointment_label, KINDS),
    "role": (words.role_label, (*ROLES, "support")),
    "claim": (words.claim_label, tuple(CLAIM_CAPACITIES)),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("label", "keys"), STORED.values(), ids=STORED.keys())
def test_every_key_that_is_stored_has_a_word_of_its_own(
    garage: Garage, label: Callable[[str], str], keys: Sequence[str], language: str
) -> None:
    with language_scope(language):
        said = [label(key) for key in keys]
    assert len(set(said)) == len(keys)
    assert not set(said) & {*keys, ""}


@pytest.mark.parametrize("key", ["", "invented"])
def test_a_key_that_nobody_knows_is_shown_as_it_is(key: str) -> None:
    assert words.status_label(key) == words.appointment_label(key) == key
    assert words.department_label(key) == words.role_label(key) == key
    assert words.claim_label(key) == ""


def test_every_status_and_every_state_of_a_task_has_a_tone() -> None:
    assert {words.status_tone(status) for status in STATUSES} >= {"info", "good", "danger"}
    assert set(words.TASK_TONES) == set(TASK_STATES)
    assert words.status_tone("invented") == "neutral"
