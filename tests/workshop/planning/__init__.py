"""Slots and appointments."""
