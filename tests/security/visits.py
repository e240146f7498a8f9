"""Walking through routes: one request as a browser would send it, with a full form."""

from collections.abc import Mapping
from datetime import timedelta

import httpx

from core.clock import now
from tests import factories
from tests.garages import PASSWORD, Browser
from tests.security.routes import Route

_SOON = (now() + timedelta(days=30)).replace(hour=9, minute=0, second=0, microsecond=0)
FORM = {
    "state": "in_progress",
    "status": "ready",
    "shared": "yes",
    "slot": _SOON.isoformat(),
    "day": now().date().isoformat(),
    "left_at": now().strftime("%Y-%m-%dT%H:%M"),
    "first_day": _SOON.date().isoformat(),
    "last_day": _SOON.date().isoformat(),
    "reason": "0",
    "plate": "1-ZZZ-999",
    "plate_country": "BE",
    "country": "BE",
    "number": "AAA-AAA-AAA",
    "name": "Some Body",
    "email": "some.body@example.org",
    "password": PASSWORD,
    "phone": "0470 00 00 00",
    "language": "en",
    "role": "technician",
    "damage": "a dent",
    "version": "1",
    "confirmed": "yes",
    "mileage": "88123",
    "mileage_at_repair": "88123",
    "keys": "2",
    "no_damage": "y",
    "text-en": "A reason",
}
"""Something sensible for every field of every form, so that a request gets past them."""


SCRIPT = {
    "tus-resumable": b"1.0.0",
    "upload-length": b"7",
    "upload-offset": b"0",
    "content-type": b"application/offset+octet-stream",
}
"""What the script that sends photos says beside its token."""


async def visit(
    browser: Browser,
    route: Route,
    address: str,
    *,
    token: str = "",
    more: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Send one request; redirects are not followed. The token comes first, as in our forms."""
    fields = {"csrf_token": token, **FORM, **(more or {})}
    if route.is_for_scripts:
        wire = {"x-csrf-token": token.encode(), **SCRIPT, **_bytes(headers or {})}
        body = b"x" if route.method == "PATCH" else b""
        return await browser.request(route.method, address, content=body, headers=wire)
    if route.method == "GET":
        return await browser.get(address, headers=headers)
    if not route.is_upload:
        return await browser.post(address, data=fields, headers=headers)
    parts = [(name, (None, value.encode(), None)) for name, value in fields.items()]
    photo = ("photos", ("photo.jpg", factories.jpeg(), "image/jpeg"))
    return await browser.post(address, files=[*parts, photo], headers=headers)  # type: ignore[list-item]


def _bytes(headers: Mapping[str, str]) -> dict[str, bytes]:
    return {name: value.encode() for name, value in headers.items()}
