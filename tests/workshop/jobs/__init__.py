"""Repair jobs."""
