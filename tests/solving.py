"""Doing the small piece of work that a form asks for, as a browser's worker does it."""

from itertools import count

import httpx
from bs4 import BeautifulSoup

from core.web.puzzles import ANSWER, FIELD, is_answer
from tests.garages import Browser

ONE_MORE_STEP = "so we ask for one more step"


def solved(page: BeautifulSoup) -> dict[str, str]:
    """What the page's puzzle adds to its form; nothing where the page has none."""
    box = page.select_one("small-puzzle")
    field = page.select_one(f"input[name={FIELD}]")
    if box is None or field is None:
        return {}
    token, bits = str(field["value"]), int(str(box["data-bits"]))
    answer = next(str(number) for number in count() if is_answer(token, str(number), bits))
    return {FIELD: token, ANSWER: answer}


async def submit_and_work(
    browser: Browser, path: str, values: dict[str, object] | None = None
) -> httpx.Response:
    """Send the form; where it is asked for its work, do that and send it again."""
    answer = await browser.submit(path, values, follow=False)
    if ONE_MORE_STEP not in answer.text:
        return answer
    work = solved(BeautifulSoup(answer.text, "html.parser"))
    return await browser.submit(path, {**(values or {}), **work}, follow=False)
