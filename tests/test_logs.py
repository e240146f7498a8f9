"""Log lines: one JSON object each, with the garage, without secrets."""

import json
import logging
import subprocess
import sys

import pytest

from core.app import app_of
from core.house import House
from tests.commands import ROOT
from tests.demo_run import plain_environment
from tests.security.routes import litestar_of

PROGRAM = """
import logging
from uuid import uuid4
import structlog
from core.logs import configure_logs
from core.tenancy.context import TenantContext, tenant_scope
configure_logs()
garage = TenantContext(id=uuid4(), slug="noord", name="Noord", languages=("nl",))
log = structlog.get_logger("core.anything")
with tenant_scope(garage):
    log.info("job.opened", number=7)
    logging.getLogger("somelibrary").warning("careful: %s", "hot")
    try:
        password = "hunter2"
        raise ValueError("out of order")
    except ValueError:
        log.exception("job.failed")
log.info("outside")
log.debug("too much")
logging.getLogger("alembic").info("too much")
print("said")
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, str]]:
    """What a process says."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "said\n"
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_has_its_time_level_and_values(lines: list[dict[str, str]]) -> None:
    assert [line["event"] for line in lines] == [
        "job.opened",
        "careful: hot",
        "job.failed",
        "outside",
    ]
    assert [line["level"] for line in lines] == ["info", "warning", "error", "info"]
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert lines[0]["number"] == 7


def test_lines_of_a_garage_name_it_those_of_libraries_too(lines: list[dict[str, str]]) -> None:
    assert [line.get("garage") for line in lines] == ["noord", "noord", "noord", None]


def test_a_traceback_is_in_its_line_without_the_variables(lines: list[dict[str, str]]) -> None:
    assert "ValueError: out of order" in lines[2]["exception"]
    assert "hunter2" not in lines[2]["exception"].replace('password = "hunter2"', "")


async def test_making_the_applications_leaves_the_logs_as_they_were_set_up(house: House) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    made = app_of(house)
    await litestar_of(made).state.resources.limiter.close()
    assert (root.handlers, root.level) == before
