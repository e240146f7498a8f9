"""Passwords."""

import pytest

from core.workshop.staff.passwords import hash_password, password_fits


def test_a_password_fits_its_own_hash_only() -> None:
    stored = hash_password("correct horse battery")
    assert password_fits(stored, "correct horse battery")
    assert not password_fits(stored, "correct horse batterY")


def test_the_same_password_has_another_hash_each_time() -> None:
    one, other = hash_password("correct horse"), hash_password("correct horse")
    assert one != other
    assert one.startswith("$argon2id$")


@pytest.mark.parametrize("stored", [None, "", "plain text", "$argon2id$v=19$broken"])
@pytest.mark.parametrize(
    "typed", ["", "a password that nobody has, so that unknown addresses take as long"]
)
def test_without_a_hash_nothing_fits(stored: str | None, typed: str) -> None:
    assert not password_fits(stored, typed)
