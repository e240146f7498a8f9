"""A line per request: enough to follow it, and nothing of people."""

import httpx
import pytest
import structlog
from structlog.typing import EventDict

from core.logs import redacted
from tests.garages import Browser, Garage
from tests.servers import BASE_DOMAIN

SECRET = "a-secret-that-a-link-holds"


async def lines_of(browser: Browser, path: str, **options: str) -> tuple[httpx.Response, EventDict]:
    """What a request is answered with, and its line."""
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        answer = await browser.request(options.get("method", "GET"), path)
    (line,) = [line for line in lines if line["event"] == "request.done"]
    return answer, line


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_line_tells_the_route_and_never_the_secret_in_its_path(
    garage: Garage, method: str
) -> None:
    answer, line = await lines_of(garage.browser(), f"/desk/reset/{SECRET}", method=method)
    assert (line["method"], line["route"]) == (method, "/desk/{purpose}/{token}")
    assert (line["status"], line["garage"]) == (answer.status_code, garage.slug)
    assert line["ms"] > 0
    assert SECRET not in str(line)
    assert line["request"] == answer.headers["x-request-id"]


async def test_what_no_route_or_no_garage_answers_is_told_without_its_address(
    garage: Garage,
) -> None:
    _answer, line = await lines_of(garage.browser(), f"/nothing/{SECRET}")
    assert (line["status"], line["route"], line["garage"]) == (404, "-", garage.slug)
    stranger = Browser(garage.app, f"{SECRET}.{BASE_DOMAIN}")
    _answer, line = await lines_of(stranger, "/")
    assert (line["status"], line["route"], line["garage"]) == (404, "-", None)
    assert SECRET not in str(line)


async def test_each_request_has_an_id_of_its_own_whatever_the_browser_says(garage: Garage) -> None:
    browser = garage.browser(headers={"X-Request-Id": "mine"})
    ids = [(await browser.get("/desk/login")).headers["x-request-id"] for _ in range(2)]
    assert len({*ids, "mine"}) == 3


async def test_the_line_of_a_failure_has_the_requests_id_and_no_secret(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("core.workshop.staff.services.owner_of_link", fail)
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        answer = await garage.browser().get(f"/desk/reset/{SECRET}")
    (failed,) = [line for line in lines if line["event"] == "request.failed"]
    assert (answer.status_code, failed["route"]) == (500, "/desk/{purpose}/{token}")
    assert failed["request"] == answer.headers["x-request-id"]
    assert SECRET not in str([redacted(str(line)) for line in lines])
