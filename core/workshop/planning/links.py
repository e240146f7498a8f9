"""The personal link of an appointment: one secret for its whole life, only its hash is stored.

The secret is made from the platform's key, so that a reminder weeks later carries the same link
as the confirmation did, and no link that was ever mailed stops working when another mail leaves.
Only :func:`renew_link` ends it: then the next of a row of secrets is the appointment's.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator

from core.settings import get_settings
from core.workshop.planning.models import Appointment

MOST_TURNS = 64
"""How many links an appointment can have had, one after the other."""


def give_link(appointment: Appointment) -> str:
    """The secret of a stored appointment's personal link; its hash is kept with the row.

    It is always the same one, also after the platform's `SECRET_KEY` was changed, as long as the
    former one is known.
    """
    _turn, secret = _current(appointment)
    appointment.link_hash = link_hash(secret)
    return secret


def renew_link(appointment: Appointment) -> None:
    """Another personal link from now on; the former one opens nothing any more.

    Raises:
        LookupError: it was renewed :data:`MOST_TURNS` times.
    """
    turn, _secret_of_turn = _current(appointment)
    if turn + 1 >= MOST_TURNS:
        raise LookupError(f"appointment {appointment.id} has no further link")
    appointment.link_hash = link_hash(
        _secret(appointment, get_settings().secret_keys[-1], turn + 1)
    )


def _current(appointment: Appointment) -> tuple[int, str]:
    """(turn, secret) of the link whose hash is stored; the first one where none is."""
    found = (each for each in _row(appointment) if link_hash(each[1]) == appointment.link_hash)
    return next(found, None) or next(_row(appointment))


def _row(appointment: Appointment) -> Iterator[tuple[int, str]]:
    for turn in range(MOST_TURNS):
        for key in reversed(get_settings().secret_keys):
            yield turn, _secret(appointment, key, turn)


def _secret(appointment: Appointment, key: str, turn: int) -> str:
    suffix = f":{turn}" if turn else ""
    message = f"appointment:{appointment.tenant_id}:{appointment.id}{suffix}".encode()
    return urlsafe_b64encode(hmac.digest(key.encode(), message, "sha256")[:24]).decode()


def link_hash(secret: str) -> str:
    """What is stored of a personal link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
