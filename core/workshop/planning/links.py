"""The personal link of an appointment: one secret for its whole life, only its hash is stored.

The secret is made from the platform's key, so that a reminder weeks later carries the same link
as the confirmation did, and no link that was ever mailed stops working when another mail leaves.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from core.settings import get_settings
from core.workshop.planning.models import Appointment


def give_link(appointment: Appointment) -> str:
    """The secret of a stored appointment's personal link; its hash is kept with the row.

    It is always the same one, also after the platform's `SECRET_KEY` was changed, as long as the
    former one is known.
    """
    secrets = [_secret(appointment, key) for key in reversed(get_settings().secret_keys)]
    secret = next(
        (each for each in secrets if link_hash(each) == appointment.link_hash), secrets[0]
    )
    appointment.link_hash = link_hash(secret)
    return secret


def _secret(appointment: Appointment, key: str) -> str:
    message = f"appointment:{appointment.tenant_id}:{appointment.id}".encode()
    return urlsafe_b64encode(hmac.digest(key.encode(), message, "sha256")[:24]).decode()


def link_hash(secret: str) -> str:
    """What is stored of a personal link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
