"""What a job's tasks say about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.i18n import LANGUAGES
from core.workshop.jobs.services import STATUSES
from core.workshop.jobs.stages import (
    CLAIM_CAPACITIES,
    DEFAULT_FLOW,
    DEFAULT_FLOWS,
    ORDER_OF_STATUS,
    STARTS_WORK,
    TOLD_STAGES,
    current_task,
    customer_stage,
    status_after_tasks,
)

STATES = ("not_started", "in_progress", "on_hold", "finished", "skipped")


@dataclass(frozen=True, slots=True)
class Step:
    """A task as the rules see it."""

    key: str
    state: str = "not_started"
    customer_texts: dict[str, str] = field(default_factory=lambda: {"en": "told"})


def steps(**states: str) -> list[Step]:
    return [Step(key, state) for key, state in states.items()]


@pytest.mark.parametrize(
    ("tasks", "current"),
    [
        (steps(estimate="not_started", body="not_started"), "estimate"),
        (steps(estimate="finished", body="not_started"), "body"),
        (steps(estimate="not_started", body="in_progress"), "body"),
        (steps(estimate="skipped", body="on_hold", paint="not_started"), "body"),
        (steps(estimate="finished", body="skipped"), None),
        ([], None),
    ],
)
def test_the_current_task_is_the_one_in_work_else_the_next(
    tasks: Sequence[Step], current: str | None
) -> None:
    found = current_task(tasks)
    assert (found.key if found else None) == current


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        (steps(check_in="not_started", paint="not_started"), None),
        (steps(check_in="finished", paint="not_started"), "check_in"),
        (steps(check_in="finished", paint="on_hold"), "paint"),
        (steps(check_in="skipped", paint="not_started"), None),
        ([Step("check_in", "finished"), Step("polish", "in_progress", {})], "check_in"),
    ],
)
def test_customers_read_of_the_last_stage_that_has_a_text_for_them(
    tasks: Sequence[Step], told: str | None
) -> None:
    found = customer_stage(tasks)
    assert (found.key if found else None) == told


@pytest.mark.parametrize(
    ("status", "tasks", "after"),
    [
        ("new", steps(estimate="finished"), "new"),
        ("new", steps(check_in="in_progress"), "in_progress"),
        ("planned", steps(paint="on_hold"), "in_progress"),
        ("in_progress", steps(ready="in_progress"), "in_progress"),
        ("in_progress", steps(ready="finished"), "ready"),
        ("ready", steps(delivered="finished"), "delivered"),
        ("ready", steps(paint="not_started"), "ready"),
        ("invoiced", steps(delivered="finished"), "invoiced"),
        ("cancelled", steps(delivered="finished"), "cancelled"),
    ],
)
def test_tasks_move_the_status_on(status: str, tasks: Sequence[Step], after: str) -> None:
    assert status_after_tasks(status, tasks) == after


@given(
    st.sampled_from(ORDER_OF_STATUS),
    st.lists(
        st.builds(
            Step, st.sampled_from([*STARTS_WORK, "estimate", "ready"]), st.sampled_from(STATES)
        )
    ),
)
def test_tasks_never_take_a_status_back(status: str, tasks: list[Step]) -> None:
    after = status_after_tasks(status, tasks)
    assert ORDER_OF_STATUS.index(after) >= ORDER_OF_STATUS.index(status)


def test_every_status_but_cancelled_has_its_place_in_the_order() -> None:
    assert set(ORDER_OF_STATUS) | {"cancelled"} == set(STATUSES)


@pytest.mark.parametrize("flow", DEFAULT_FLOWS)
def test_every_stage_speaks_every_language(flow: str) -> None:
    for stage in DEFAULT_FLOWS[flow]:
        assert set(stage.labels) == set(LANGUAGES)
        assert set(stage.customer_texts) in ({*LANGUAGES}, set())
        assert all([*stage.labels.values(), *stage.customer_texts.values()])


@pytest.mark.parametrize("flow", DEFAULT_FLOWS)
def test_every_flow_ends_with_handing_the_vehicle_over(flow: str) -> None:
    keys = [stage.key for stage in DEFAULT_FLOWS[flow]]
    assert keys[-2:] == ["ready", "delivered"]
    assert STARTS_WORK & set(keys)
    assert len(set(keys)) == len(keys)


def test_the_default_flow_exists_and_claims_speak_every_language() -> None:
    assert DEFAULT_FLOW in DEFAULT_FLOWS
    assert all(set(texts) == set(LANGUAGES) for texts in CLAIM_CAPACITIES.values())


def test_the_stages_that_customers_read_of_are_those_of_all_flows() -> None:
    told = {
        stage.key: stage.labels
        for flow in DEFAULT_FLOWS.values()
        for stage in flow
        if stage.customer_texts
    }
    assert told == TOLD_STAGES
    order = [stage.key for stage in DEFAULT_FLOWS["Standard"] if stage.key in told]
    assert [key for key in TOLD_STAGES if key in order] == order
