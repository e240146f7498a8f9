"""How the portal is found: its public pages in words, and the garage as structured data."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from core.hooks.contributions import PublicPage
from core.i18n import gettext as _
from core.tenancy.addresses import public_address
from core.tenancy.context import current_tenant
from plugins.self_service_portal.app_icons import icon_path
from plugins.self_service_portal.entries import entries
from plugins.self_service_portal.look import current_look
from plugins.self_service_portal.opening import Opening

NEEDS = ("/portal/",)
"""Beside static files the pages load the logo and the icons, which lie there."""


def public_pages() -> Sequence[PublicPage]:
    """The first page, and where each of the four begins."""
    names = [entry.key for entry in entries()]
    return [_page("", _of_home()), *(_page(f"/{name}", _of_entry(name)) for name in names)]


def business(opening: Opening) -> dict[str, Any]:
    """The garage in the words of schema.org, with nothing in it that is not on the page."""
    tenant, place = current_tenant(), opening.location
    told = {
        "@context": "https://schema.org",
        "@type": ["AutoRepair", "AutoBodyShop"],
        "@id": f"{public_address('/')}#garage",
        "name": tenant.name,
        "url": public_address("/"),
        "image": public_address(icon_path("512")),
        "logo": _logo(),
        "telephone": tenant.phone,
        "email": tenant.email,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": place.street,
            "postalCode": place.postal_code,
            "addressLocality": place.city,
            "addressCountry": place.country,
        },
        "openingHoursSpecification": _hours(opening),
        "specialOpeningHoursSpecification": _closed(opening),
    }
    return {name: value for name, value in told.items() if value}


def _hours(opening: Opening) -> list[dict[str, Any]]:
    found = []
    for days in opening.week:
        span = range((days.last - days.first).days + 1)
        names = [f"{days.first + timedelta(days=each):%A}" for each in span]
        found += [
            {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": [f"https://schema.org/{name}" for name in names],
                "opens": opens,
                "closes": closes,
            }
            for opens, closes in days.hours
        ]
    return found


def _closed(opening: Opening) -> list[dict[str, Any]]:
    """Closing when it opens is how schema.org says that it does not open."""
    return [
        {
            "@type": "OpeningHoursSpecification",
            "opens": "00:00",
            "closes": "00:00",
            "validFrom": days.first.isoformat(),
            "validThrough": days.last.isoformat(),
        }
        for days in opening.closed
    ]


def _page(path: str, description: str) -> PublicPage:
    paths = {language: f"/{language}{path}" for language in current_tenant().languages}
    return PublicPage(paths, description, image=icon_path("512"), needs=NEEDS)


def _of_home() -> str:
    tenant = current_tenant()
    services = ", ".join(entry.label for entry in entries())
    if not services:
        return " ".join(filter(None, (tenant.name, tenant.address)))
    return _("%(garage)s online: %(services)s.", garage=tenant.name, services=services)


def _of_entry(name: str) -> str:
    values = {"garage": current_tenant().name}
    return {
        "estimate": _(
            "Ask %(garage)s for an estimate: say what happened, add photos and choose a time."
            " It takes about 3 minutes, without an account.",
            **values,
        ),
        "repair": _(
            "Choose when you bring your vehicle to %(garage)s for the repair that was agreed on.",
            **values,
        ),
        "status": _(
            "See how far %(garage)s is with your vehicle: you need your plate and your job number.",
            **values,
        ),
        "pictures": _(
            "Send photos of the damage to %(garage)s. They go straight into your job.", **values
        ),
    }[name]


def _logo() -> str:
    logo = current_look().dress().logo
    return public_address(logo.url) if logo else ""
