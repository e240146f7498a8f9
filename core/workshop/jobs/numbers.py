"""The job number that customers get: short, easy to read aloud, impossible to guess.

Nine signs of Crockford's base 32 in three groups, `K7Q-X2M-9D4`: 45 random bits. The alphabet
has no I, L, O and U, so what people mistype for those is read as 1, 1 and 0.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 9
GROUP = 3
_MISTYPED = str.maketrans({"I": "1", "L": "1", "O": "0"})


def new_public_number() -> str:
    """A fresh number in the form that is stored (no dashes)."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normalise_public_number(text: str) -> str:
    """What was typed, in the form that is stored; anything foreign is dropped, so a text that
    is no number becomes one that fits nothing."""
    typed = text.upper().translate(_MISTYPED)
    return "".join(sign for sign in typed if sign in ALPHABET)


def display_public_number(stored: str) -> str:
    """In groups of three: `K7Q-X2M-9D4`."""
    return "-".join(stored[start : start + GROUP] for start in range(0, len(stored), GROUP))
