"""The chain of a register: what is hashed, and how each line holds on to the one before it.

The canonical form of a line is a JSON object with all of :data:`HASHED` and `"v": 1`, keys
sorted, without spaces, in UTF-8, nothing escaped that need not be; days are `2026-11-25`,
moments are in UTC with six decimals and a `Z`, identifiers are in lower case with dashes. Its
SHA-256, in hexadecimal, is the line's hash; the hash of the line before is part of it.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

VERSION = 1
HASHED = (
    "tenant_id",
    "location_id",
    "position",
    "number",
    "kind",
    "strikes",
    "day",
    "at",
    "plate",
    "vin",
    "vat_number",
    "words",
    "reason",
    "is_late",
    "evidence",
    "stay_id",
    "job_id",
    "actor_kind",
    "actor",
    "recorded_at",
    "previous_hash",
)


def hash_of(line: Mapping[str, Any]) -> str:
    """The hash that a line with these values has."""
    return hashlib.sha256(canonical({name: line[name] for name in HASHED})).hexdigest()


def canonical(values: Mapping[str, Any]) -> bytes:
    """The one way in which these values are written down."""
    return _ENCODER.encode({"v": VERSION, **values}).encode()


def moment_text(moment: datetime) -> str:
    """A moment as the canonical form has it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: Any) -> str:
    """What JSON has no word for.

    Raises:
        TypeError: a line has nothing else of that kind.
    """
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{value!r} has no place in a line")


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
)
