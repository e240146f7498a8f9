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

    It is always the same one, unless the platform's `SECRET_KEY` was changed in between.
    """
    message = f"appointment:{appointment.tenant_id}:{appointment.id}".encode()
    digest = hmac.digest(get_settings().secret_key.encode(), message, "sha256")
    secret = urlsafe_b64encode(digest[:24]).decode()
    appointment.link_hash = link_hash(secret)
    return secret


def link_hash(secret: str) -> str:
    """What is stored of a personal link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
