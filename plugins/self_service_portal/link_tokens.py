"""What stands in links of mails: signed names of things, each for one purpose in one garage.

They tell a reader nothing, need no row of their own, and those of one garage or purpose open
nothing in another.
"""

from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

from core.settings import get_settings
from core.tenancy.context import current_tenant


def sign(purpose: str, thing: UUID) -> str:
    """The token for a thing."""
    return str(_serializer(purpose).dumps(thing.hex))


def read(purpose: str, token: str) -> UUID | None:
    """The thing that a token names; None where it is not one of ours."""
    try:
        return UUID(_serializer(purpose).loads(token))
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None


def _serializer(purpose: str) -> URLSafeSerializer:
    salt = f"portal:{purpose}:{current_tenant().id}"
    return URLSafeSerializer(get_settings().secret_keys, salt=salt)
