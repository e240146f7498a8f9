"""Whom a mail was written for: it is not sent once the customer has another address."""

import hashlib
from collections.abc import Mapping
from typing import Any

from core.workshop.customers.models import Customer

_TO = "to"


def mark_of(email: str) -> str:
    """What stands for an address in keys and payloads."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:16]


def written_for(email: str) -> Mapping[str, Any]:
    """What a mail's payload says of its reader."""
    return {_TO: mark_of(email)}


def is_still(payload: Mapping[str, Any], customer: Customer) -> bool:
    """Whether the customer has an address, and a queued mail goes to that one."""
    if customer.email is None:
        return False
    mark = mark_of(customer.email)
    return bool(payload.get(_TO, mark) == mark)
