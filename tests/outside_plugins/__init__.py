"""Plugins as an outside author would write them: for tests of the gate and of every hook."""
