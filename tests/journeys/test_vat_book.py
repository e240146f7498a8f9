"""What the accountant does with the VAT book."""

import asyncio
import io

import pytest
from playwright.async_api import expect
from pypdf import PdfReader

from tests.journeys.people import PHONE, People


@pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "no-javascript"])
async def test_the_month_is_a_pdf_in_two_taps(people: People, scripts: bool) -> None:
    accountant = await people.staff("noord", "accountant", screen=PHONE, scripts=scripts)
    taps = 0
    for name in ("This month", "PDF"):
        link = accountant.page.get_by_role("link", name=name)
        taps += 1
        if name != "PDF":
            await link.click()
            continue
        async with accountant.page.expect_download() as waiting:
            await link.click()
        path = await (await waiting.value).path()
    assert taps <= 3
    body = await asyncio.to_thread(path.read_bytes)
    text = PdfReader(io.BytesIO(body)).pages[0].extract_text()
    assert "Carrosserie Noord" in text
    assert "BE 0999.000.624" in text


async def test_a_reference_is_typed_by_keyboard_and_taken_back(people: People) -> None:
    accountant = await people.staff("noord", "accountant")
    page = accountant.page
    await accountant.go("/desk/vat-book?show=waiting")
    await accountant.picture("desk-vat-book")
    fields = page.get_by_role("textbox", name="Invoice reference")
    total = await fields.count()
    assert total
    await expect(page.get_by_text("Overdue since").first).to_be_visible()
    await page.locator("main").first.evaluate("each => { each.tabIndex = -1; each.focus() }")
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.name") == "words":
            break
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("2026/4711")
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast")).to_contain_text("is settled")
    await expect(fields).to_have_count(total - 1)
    await accountant.press("Undo")
    await expect(fields).to_have_count(total)
    assert accountant.complaints == []
