"""Writing a garage's mails and handing them to the mail server."""

import re
import ssl
import time
from collections.abc import Mapping
from email.headerregistry import (
    BaseHeader,
    ContentTypeHeader,
    HeaderRegistry,
    UnstructuredHeader,
)
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, formataddr
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import aiosmtplib
from jinja2 import Environment
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import SwitchedOff
from core.hooks.contributions import MailTemplate
from core.hooks.manager import HookManager
from core.i18n import language_scope
from core.settings import Settings
from core.tenancy.addresses import public_address
from core.tenancy.context import TenantContext, current_tenant

SEND_TIMEOUT_SECONDS = 30
QUIET_SECONDS = 60.0
"""After the server let us wait in vain: with many mails due, workers would do nothing but wait."""
_SPACES = re.compile(r"[^\S\u00a0\u202f]+")
"""What a header must not hold a line break of; the spaces of French before a colon stay."""


class AddressField(UnstructuredHeader, BaseHeader):
    """A field of the head that holds an address of the web: it stays on one line, because the
    email package would break a long one up, and then it is an address no more."""

    def fold(self, *, policy: "Policy[Any]") -> str:
        """The field as it is sent."""
        return f"{self.name}: {self}{policy.linesep}"


_fields = HeaderRegistry()
for _name in ("Help", "Unsubscribe", "Subscribe", "Post", "Owner", "Archive"):  # RFC 2369
    _fields.map_to_type(f"List-{_name}", AddressField)
_POLICY = SMTP.clone(header_factory=_fields)


class Mailer:
    """Knows all mail templates and the way to the mail server."""

    def __init__(
        self,
        settings: Settings,
        templates: Environment,
        hooks: HookManager,
        core_templates: Mapping[str, MailTemplate],
    ) -> None:
        self._settings = settings
        self._templates = templates
        self._quiet_until = float("-inf")
        self._mails: dict[str, tuple[str | None, MailTemplate]] = {
            name: (None, mail) for name, mail in core_templates.items()
        }
        for plugin, mails in hooks.ask_all("mail_templates"):
            self._mails.update({mail.name: (plugin, mail) for mail in mails})

    async def send(self, session: AsyncSession, payload: Mapping[str, Any]) -> None:
        """The outbox's effect: write one mail in its language and send it.

        A mail whose occasion is gone is not sent.

        Raises:
            SwitchedOff: it is a mail of a plugin that was switched off since; the outbox waits.
            aiosmtplib.SMTPException, OSError: the server did not take it; the outbox retries.
        """
        tenant = current_tenant()
        plugin, mail = self._mails.get(payload["template"], (None, None))
        if mail is None or (plugin is not None and not tenant.has_plugin(plugin)):
            raise SwitchedOff(payload["template"])
        with language_scope(payload["language"]):
            values = await mail.load(session, payload["payload"])
            if values is None:
                return
            message = self._write(tenant, mail, payload, values)
        await self._hand_over(message)

    def _write(
        self,
        tenant: TenantContext,
        mail: MailTemplate,
        payload: Mapping[str, Any],
        values: Mapping[str, Any],
    ) -> EmailMessage:
        context = {
            "tenant": tenant,
            "lang": payload["language"],
            "home_url": public_address(),
            **values,
        }

        def render(ending: str) -> str:
            return self._templates.get_template(f"{mail.template}{ending}").render(context)

        message = EmailMessage(policy=_POLICY)
        message["From"] = formataddr((tenant.name, self._settings.mail_from))
        if tenant.email:
            message["Reply-To"] = tenant.email
        message["To"] = payload["to"]
        message["Subject"] = _SPACES.sub(" ", render(".subject.txt").strip())
        message["Date"] = format_datetime(now())
        message["Message-ID"] = f"<{payload['message_id']}@{self._settings.base_domain}>"
        message["Auto-Submitted"] = "auto-generated"
        for name, value in (mail.headers(values) if mail.headers else {}).items():
            message[name] = value
        message.set_content(render(".txt"))
        message.add_alternative(render(".html"), subtype="html")
        for kind, body in mail.alternatives(values) if mail.alternatives else []:
            message.add_alternative(body, **_in_parts(kind))
        for name, kind, body in mail.attach(values) if mail.attach else []:
            message.add_attachment(body, filename=name, **_in_parts(kind))
        # Last, because each added part takes the fields that speak of content along.
        message["Content-Language"] = payload["language"]
        return message

    async def _hand_over(self, message: EmailMessage) -> None:
        if time.monotonic() < self._quiet_until:
            raise aiosmtplib.SMTPConnectError("the mail server was silent a moment ago")
        url = urlsplit(self._settings.smtp_url)
        tls = url.scheme == "smtps"
        try:
            await aiosmtplib.send(
                message,
                hostname=url.hostname or "localhost",
                port=url.port or (465 if tls else 587),
                username=unquote(url.username) if url.username else None,
                password=unquote(url.password) if url.password else None,
                use_tls=tls,
                start_tls=False if tls else True if self._settings.mail_needs_tls else None,
                tls_context=ssl.create_default_context() if tls else None,
                timeout=SEND_TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPTimeoutError:
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            raise


def _in_parts(kind: str) -> dict[str, Any]:
    """A content type such as `text/calendar; method=REQUEST` as the email package takes it."""
    parsed = cast("ContentTypeHeader", _fields("Content-Type", kind))
    return {
        "maintype": parsed.maintype,
        "subtype": parsed.subtype,
        "params": dict(parsed.params),
    }
