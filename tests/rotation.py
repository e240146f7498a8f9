"""An installation whose `SECRET_KEY` was replaced."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from core.house import House
from core.settings import install_settings
from tests.worlds import as_it_was

NEW_KEY = "another-key-another-key-another-key"


@contextmanager
def another_key(house: House, *, is_old_one_known: bool = True) -> Iterator[House]:
    """The same house with another key; the old one is among the former ones, or forgotten."""
    former = (house.settings.secret_key,) if is_old_one_known else ()
    changes = {"secret_key": NEW_KEY, "secret_key_fallbacks": former}
    settings = house.settings.model_copy(update=changes)
    with as_it_was():
        install_settings(settings)
        yield replace(house, settings=settings)
