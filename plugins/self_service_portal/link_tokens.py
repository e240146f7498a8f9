"""What stands in links of mails: signed names of things, each for one purpose in one garage.

They tell a reader nothing, need no row of their own, and those of one garage or purpose open
nothing in another.

Those about a job can bear a seal of its public number: they open nothing once the job has another
one, which is how all that was mailed to a wrong address ends.
"""

from uuid import UUID

from itsdangerous import BadSignature, Signer, URLSafeSerializer

from core.settings import get_settings
from core.tenancy.context import current_tenant


def sign(purpose: str, thing: UUID, *, number: str = "") -> str:
    """The token for a thing; sealed where it is one of the job that has this public number."""
    named = [thing.hex, seal_of(number)] if number else thing.hex
    return str(_serializer(purpose).dumps(named))


def read(purpose: str, token: str) -> UUID | None:
    """The thing that a token names; None where it is not one of ours."""
    try:
        return UUID(_serializer(purpose).loads(token))
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None


def read_sealed(purpose: str, token: str) -> tuple[UUID | None, str]:
    """The thing, as :func:`read` has it, and the seal for :func:`fits`."""
    try:
        named = _serializer(purpose).loads(token)
        thing, seal = named if isinstance(named, list) else (named, "")
        return UUID(thing), str(seal)
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None, ""


def seal_of(number: str) -> str:
    """What tells nobody a job's public number, and only that number fits."""
    return _sealer().get_signature(number).decode()


def fits(seal: str, number: str) -> bool:
    """Whether a seal is that of the number; what was mailed before there were seals has an empty
    one, and goes on working."""
    return not seal or _sealer().verify_signature(number, seal)


def _sealer() -> Signer:
    return Signer(get_settings().secret_keys, salt=f"portal:number:{current_tenant().id}")


def _serializer(purpose: str) -> URLSafeSerializer:
    salt = f"portal:{purpose}:{current_tenant().id}"
    return URLSafeSerializer(get_settings().secret_keys, salt=salt)
