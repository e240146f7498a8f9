"""Mails in the portal's colours and with the garage's own words. No picture is in them: whoever
reads a mail should not be seen to do so."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import MailTemplate
from core.tenancy.context import current_tenant
from plugins.self_service_portal.look import look_scope
from plugins.self_service_portal.look_services import look_of


def dressed(mail: MailTemplate) -> MailTemplate:
    """The mail as it is, dressed."""

    async def load(session: AsyncSession, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        with look_scope(await look_of(session)) as look:
            values = await mail.load(session, payload)
            if values is None:
                return None
            brand, accent = look.colours()
            tenant = replace(current_tenant(), brand_colour=accent)
            return {"tenant": tenant, "head_colour": brand, "said": look.said(), **values}

    return replace(mail, load=load)
