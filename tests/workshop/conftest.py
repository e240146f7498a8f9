"""Property tests on a shared machine: examples are counted, not timed."""

from hypothesis import settings

settings.register_profile("garagist", deadline=None, database=None)
settings.load_profile("garagist")
