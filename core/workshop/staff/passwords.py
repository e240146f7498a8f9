"""Passwords, hashed with Argon2id at the library's current defaults (RFC 9106)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MINIMUM_LENGTH = 10
"""Characters; length beats rules about signs (NIST SP 800-63B, 5.1.1)."""

_hasher = PasswordHasher()
_DUMMY = _hasher.hash("a password that nobody has, so that unknown addresses take as long")


def hash_password(password: str) -> str:
    """The hash to store; takes tens of milliseconds on purpose: call it off the event loop."""
    return _hasher.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    """Whether the password is the one behind the hash; as slow where there is no hash."""
    try:
        return _hasher.verify(stored or _DUMMY, password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False
