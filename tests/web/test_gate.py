"""The gate before the routes of plugins."""

import pytest

from core.errors import PluginError
from core.hooks.manager import HookManager
from core.web.gate import gated_routers
from tests.outside_plugins import polite, rude, sly


def test_each_plugin_with_routes_gets_one_router() -> None:
    hooks = HookManager([polite.plugin, rude.plugin])
    assert len(gated_routers(hooks)) == 2


def test_a_plugin_that_tags_its_routes_itself_is_refused_with_their_addresses() -> None:
    with pytest.raises(PluginError, match="of sly pass the gate: /sly/borrowed, /sly/open"):
        gated_routers(HookManager([sly.plugin]))
