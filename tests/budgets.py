"""What a first view may cost at most, photos left aside."""

from dataclasses import dataclass

KB = 1024


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes as they come over the wire, those of scripts among them, and requests."""

    bytes: int
    script_bytes: int
    requests: int


PORTAL = Budget(45 * KB, 12 * KB, 8)
STAFF = Budget(110 * KB, 45 * KB, 14)
TABLET_OF_STAFF = Budget(80 * KB, 30 * KB, 12)
