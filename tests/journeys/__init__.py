"""Journeys: what people do, in a real browser, on the demo as `make demo` starts it."""
