"""Log lines: one JSON object each, with the garage, without secrets."""

import json
import logging
import subprocess
import sys
import traceback
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.app import app_of
from core.house import House
from core.logs import redacted, told
from tenants.models import SupportMember
from tests.commands import ROOT
from tests.demo_run import plain_environment
from tests.garages import Garage
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
log.info("mailed", error="550 anna@example.com unknown")
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
        "mailed",
    ]
    assert [line["level"] for line in lines] == ["info", "warning", "error", "info", "info"]
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert lines[0]["number"] == 7


def test_lines_of_a_garage_name_it_those_of_libraries_too(lines: list[dict[str, str]]) -> None:
    assert [line.get("garage") for line in lines] == ["noord", "noord", "noord", None, None]


def test_a_traceback_is_in_its_line_without_the_variables(lines: list[dict[str, str]]) -> None:
    assert "ValueError: out of order" in lines[2]["exception"]
    assert "hunter2" not in lines[2]["exception"].replace('password = "hunter2"', "")


def test_an_address_of_a_person_is_in_no_line(lines: list[dict[str, str]]) -> None:
    assert lines[-1]["error"] == "550 …@… unknown"


async def twice(garage: Garage, address: str) -> DBAPIError:
    """The error of storing somebody with an address that is taken. (Of tables with row level
    security PostgreSQL quotes nothing.)"""

    async def store() -> None:
        async with garage.house.database.platform_unit_of_work() as session:
            session.add(
                SupportMember(
                    email=address, name="A", role="support", password_hash="x", totp_secret="x"
                )
            )

    await store()
    with pytest.raises(DBAPIError) as failed:
        await store()
    return failed.value


async def wrong_type(garage: Garage, value: str) -> DBAPIError:
    """The error of a parameter that is not what the statement takes."""
    with pytest.raises(DBAPIError) as failed:
        async with garage.unit() as session:
            await session.execute(text("select 1 where 1 = :number"), {"number": value})
    return failed.value


@pytest.mark.parametrize("fail", [twice, wrong_type])
async def test_an_error_of_postgresql_quotes_nothing_of_people(garage: Garage, fail: Any) -> None:
    error = await fail(garage, "anna\ndubois@example.com")
    whole = "".join(traceback.format_exception(error))
    assert "dubois" in whole
    for text_ in (redacted(whole), redacted(repr(error)), told(error), redacted(told(error))):
        assert "dubois" not in text_
        assert "anna" not in text_
    assert "SQL" in redacted(whole), "what was asked may be told"
    assert type(error).__name__ in told(error)


CAUSE = "\n\nThe above exception was the direct cause of the following exception:\n\nmore"
OTHER = "\n\nDuring handling of the above exception, another exception occurred:\n\nmore"


@pytest.mark.parametrize("after", ["", "\nHINT:  look", "\n[SQL: select 1]", CAUSE, OTHER])
@pytest.mark.parametrize(
    "said",
    [
        "DETAIL:",
        "invalid input for query argument $1:",
        "invalid input syntax for type integer:",
    ],
)
def test_a_value_with_blank_lines_is_cut_out_as_a_whole(said: str, after: str) -> None:
    whole = f"{said}  Key (name)=(anna\n\ndubois\nboth) is there already.{after}"
    assert redacted(whole) == f"{said} …{after}"
    assert "dubois" not in redacted(repr(whole))


async def test_making_the_applications_leaves_the_logs_as_they_were_set_up(house: House) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    made = app_of(house)
    await litestar_of(made).state.resources.limiter.close()
    assert (root.handlers, root.level) == before
