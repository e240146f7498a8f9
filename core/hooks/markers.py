"""The two pluggy markers; a plugin imports `hookimpl` from here."""

import pluggy

PROJECT = "garagist"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
