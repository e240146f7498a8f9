"""Customers at the portal: what they do there, answered as the pages ask."""

import httpx
from bs4 import BeautifulSoup

from tests.garages import Browser
from tests.solving import solved

MOST_STEPS = 12


async def book_estimate(
    browser: Browser, *, email: str, plate: str = "1-ABC-123", lang: str = "en"
) -> BeautifulSoup:
    """Make an appointment for an estimate; the page that says that it is done."""
    answers = {
        "plate": plate,
        "country": "BE",
        "damage": "Scratched at a post",
        "name": "Jan Peeters",
        "email": email,
        "phone": "+32 470 12 34 56",
    }
    answer = await browser.get(f"/{lang}/estimate", follow_redirects=True)
    for _ in range(MOST_STEPS):
        page = BeautifulSoup(answer.text, "html.parser")
        path = answer.url.path
        assert answer.status_code == 200, f"{path}: {answer.status_code}\n{page.get_text(' ')}"
        if path.endswith("/done"):
            return page
        answer = await _send(browser, page, path, answers)
    raise AssertionError(f"still at {path} after {MOST_STEPS} steps")


async def _send(
    browser: Browser, page: BeautifulSoup, path: str, answers: dict[str, str]
) -> httpx.Response:
    """Send the page's own form with those answers that it asks for."""
    form = page.select_one("main form[method=post]:has(.primary)")
    assert form is not None, f"{path} has no form to go on with"
    fields = {}
    for field in form.select("input[name], textarea[name], select[name]"):
        name = str(field["name"])
        if field.get("type") == "hidden" or (field.get("type") == "radio" and name not in fields):
            fields[name] = str(field.get("value", ""))
        elif name in answers:
            fields[name] = answers[name]
    for button in form.select("button.primary[name]"):
        fields[str(button["name"])] = str(button.get("value", ""))
    fields |= solved(page)
    action = str(form.get("action") or path)
    if form.get("enctype") == "multipart/form-data":
        parts = [(name, (None, value)) for name, value in fields.items()]
        return await browser.post(action, files=parts, follow_redirects=True)
    return await browser.post(action, data=fields, follow_redirects=True)
