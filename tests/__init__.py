"""Tests that mirror the tree, and journeys in a real browser."""
