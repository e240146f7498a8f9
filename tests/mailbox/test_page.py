"""The mailbox as a page: in the demo only, and harmless whatever a mail holds."""

from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup

from core.app import MAIL_FOLDER, app_of
from core.house import House, open_assets
from core.mailbox.page import create_mailbox_app
from core.mailbox.store import MailStore
from tests.garages import Browser
from tests.mailbox.test_store import a_mail
from tests.servers import BASE_DOMAIN

HOST = f"mail.{BASE_DOMAIN}"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def mails(tmp_path: Path) -> MailStore:
    """The mailbox's folder."""
    return MailStore(tmp_path / MAIL_FOLDER)


@pytest.fixture
async def reader(
    house: House, tmp_path: Path, mails: MailStore
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at the mailbox."""
    app = create_mailbox_app(tmp_path / MAIL_FOLDER, open_assets(house.hooks))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
        yield client


def key_of(mails: MailStore) -> str:
    """Of the only mail."""
    (mail,) = mails.newest_first()
    return mail.key


async def test_the_mails_are_listed_and_each_can_be_read(
    reader: httpx.AsyncClient, mails: MailStore
) -> None:
    mails.add(bytes(a_mail("Your appointment")))
    page = BeautifulSoup((await reader.get("/")).text, "html.parser")
    link = page.find("a", string="Your appointment")
    assert link is not None
    answer = await reader.get(str(link["href"]))
    assert answer.status_code == 200
    assert "jan@example.com" in answer.text
    assert "visit.ics" in answer.text


async def test_an_empty_mailbox_says_so(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/")
    assert answer.status_code == 200
    assert BeautifulSoup(answer.text, "html.parser").find("main") is not None


async def test_what_a_mail_says_about_itself_is_text(
    reader: httpx.AsyncClient, mails: MailStore
) -> None:
    mails.add(bytes(a_mail(HOSTILE)))
    for path in ("/", f"/mail/{key_of(mails)}"):
        answer = await reader.get(path)
        assert HOSTILE not in answer.text
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_its_html_is_shown_in_a_sandbox_without_scripts(
    reader: httpx.AsyncClient, mails: MailStore
) -> None:
    message = EmailMessage()
    message["Subject"] = "rich"
    message.set_content(f"<html><head></head><body>{HOSTILE}</body></html>", subtype="html")
    mails.add(bytes(message))
    answer = await reader.get(f"/mail/{key_of(mails)}/html")
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy


async def test_an_attachment_is_saved_and_never_shown(
    reader: httpx.AsyncClient, mails: MailStore
) -> None:
    mails.add(bytes(a_mail()))
    answer = await reader.get(f"/mail/{key_of(mails)}/attachment/0")
    assert answer.content == b"BEGIN"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="visit.ics"'


@pytest.mark.parametrize(
    "path",
    ["/mail/none", "/mail/none/html", "/mail/{key}/attachment/9", "/mail/{key}/attachment/x"],
)
async def test_what_is_not_there_is_a_page_that_says_so(
    reader: httpx.AsyncClient, mails: MailStore, path: str
) -> None:
    mails.add(bytes(a_mail()))
    answer = await reader.get(path.format(key=key_of(mails)))
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("mode", "status"), [("demo", 200), ("test", 404), ("production", 404)])
async def test_the_page_exists_in_the_demo_only(house: House, mode: str, status: int) -> None:
    settings = house.settings.model_copy(update={"garagist_mode": mode})
    async with Browser(app_of(replace(house, settings=settings)), HOST) as browser:
        assert (await browser.get("/")).status_code == status
