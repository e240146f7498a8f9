"""How commands of plugins reach garages."""

import pytest

from core.background import console as module
from core.background.console import console
from core.errors import GaragistError


def test_only_the_command_line_has_a_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_installed", [])
    with pytest.raises(GaragistError, match="only the command line"):
        console()
