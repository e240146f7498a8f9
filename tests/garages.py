"""A garage as tests use it: units of work, browsers of staff and of customers, its outbox."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from argon2 import PasswordHasher
from bs4 import BeautifulSoup
from sqlalchemy.ext.asyncio import AsyncSession

from core.background.outbox import EffectRegistry, deliver
from core.house import House
from core.i18n import language_scope
from core.mailbox.store import MailStore, StoredMail
from core.tenancy.context import TenantContext, tenant_scope
from core.web.host_router import HostRouter
from core.workshop.audit.services import Actor
from core.workshop.staff import repository
from core.workshop.staff.models import StaffMember
from tenants.activation import disable, enable
from tenants.lifecycle import NewGarage, open_garage
from tests.servers import BASE_DOMAIN

SUPPORT = Actor("support", "Sam Support")
STAFF = Actor("staff", "Robin Planner")
PASSWORD = "correct horse battery"
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""A real Argon2 hash with parameters that let hundreds of test logins be quick."""


class Browser(httpx.AsyncClient):
    """A browser without JavaScript on one host: keeps cookies, sends forms with their token."""

    def __init__(
        self, app: HostRouter, host: str, *, address: str = "127.0.0.1", **options: object
    ) -> None:
        super().__init__(
            transport=httpx.ASGITransport(
                app=app, raise_app_exceptions=False, client=(address, 50_000)
            ),
            base_url=f"https://{host}",
            **options,  # type: ignore[arg-type]
        )

    async def open(self, path: str) -> BeautifulSoup:
        """The page at `path`, redirects followed."""
        answer = await self.get(path, follow_redirects=True)
        assert answer.status_code == 200, f"{path}: {answer.status_code}\n{answer.text[:500]}"
        return BeautifulSoup(answer.text, "html.parser")

    async def token(self, path: str) -> str:
        """The CSRF token of the page at `path`."""
        field = (await self.open(path)).select_one("input[name=csrf_token]")
        assert field is not None, f"no form on {path}"
        return str(field["value"])

    async def submit(
        self,
        path: str,
        values: dict[str, object] | None = None,
        *,
        page: str | None = None,
        files: Sequence[tuple[str, tuple[str, bytes, str]]] = (),
        follow: bool = True,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send the form at `path` as a person who stands on `page` (the same) would."""
        fields = {"csrf_token": await self.token(page or path), **(values or {})}
        if files:
            parts = [(name, (None, str(value))) for name, value in fields.items()]
            return await self.post(
                path,
                files=[*parts, *files],  # type: ignore[list-item]
                follow_redirects=follow,
                headers=headers,
            )
        return await self.post(path, data=fields, follow_redirects=follow, headers=headers)


def without_tokens(html: str) -> str:
    """A page without what is another text each time."""
    return re.sub(r'(name="(?:csrf_token|puzzle)" value=")[^"]+', r"\1", html)


@dataclass(slots=True)
class Garage:
    """A garage of a test. `tenant` is read afresh after a switch."""

    house: House
    app: HostRouter
    tenant: TenantContext

    @property
    def slug(self) -> str:
        """Its subdomain."""
        return self.tenant.slug

    @property
    def host(self) -> str:
        """Its host name."""
        return f"{self.slug}.{BASE_DOMAIN}"

    @asynccontextmanager
    async def unit(self, language: str = "en") -> AsyncIterator[AsyncSession]:
        """A unit of work in this garage's scope."""
        with tenant_scope(self.tenant), language_scope(language):
            async with self.house.database.unit_of_work(self.tenant.id) as session:
                yield session

    def browser(self, **options: Any) -> Browser:
        """A customer's browser: nobody is logged in. `address` is its IP address."""
        return Browser(self.app, self.host, **options)

    async def staff(self, role: str = "owner", **options: Any) -> Browser:
        """A browser in which a staff member of that role is logged in."""
        email = f"{role}@{self.slug}.test"
        await self.add_staff(role, email)
        browser = self.browser(**options)
        answer = await browser.submit(
            "/desk/login", {"email": email, "password": PASSWORD, "next": "/desk"}, follow=False
        )
        assert answer.status_code == 303, answer.text[:500]
        return browser

    async def add_staff(self, role: str, email: str, language: str = "en") -> None:
        """Somebody who works here, with :data:`PASSWORD`; once per address."""
        async with self.unit() as session:
            if await repository.by_email(session, email) is None:
                session.add(
                    StaffMember(
                        email=email,
                        name=f"{role.title()} Person",
                        role=role,
                        language=language,
                        password_hash=_HASH,
                    )
                )

    async def switch(self, plugin: str, *, on: bool, reason: str = "a test") -> list[str]:
        """Switch a plugin as support does."""
        verb = enable if on else disable
        switched = await verb(self.house.switching, self.slug, plugin, SUPPORT, reason=reason)
        fresh = await self.house.directory.by_slug(self.slug)
        assert fresh is not None
        self.tenant = fresh
        return switched


@dataclass(frozen=True, slots=True)
class Outbox:
    """The worker's hand in tests."""

    house: House
    effects: EffectRegistry
    mails: MailStore

    async def empty(self, garage: Garage) -> int:
        """Do all that is due in a garage's outbox; how many entries were worked on."""
        return await deliver(self.house.worker_resources, self.effects, garage.tenant.id)

    def mails_to(self, address: str) -> list[StoredMail]:
        """Mails to that address, newest first."""
        return [mail for mail in self.mails.newest_first() if address in mail.to]


async def open_test_garage(
    house: House,
    app: HostRouter,
    *,
    slug: str,
    plugins: Sequence[str] = (),
    languages: tuple[str, ...] = ("en", "nl", "fr", "de"),
) -> Garage:
    """Open a garage with those plugins on."""
    new = NewGarage(
        slug=slug,
        name=f"Garage {slug}",
        languages=languages,
        owner_name="Olga Owner",
        owner_email=f"olga@{slug}.test",
        phone="+32 3 123 45 67",
        email=f"desk@{slug}.test",
        street="Noorderlaan 1",
        postal_code="2030",
        city="Antwerpen",
    )
    tenant = await open_garage(house.database, house.directory, new, SUPPORT)
    garage = Garage(house, app, tenant)
    for plugin in plugins:
        await garage.switch(plugin, on=True)
    return garage
