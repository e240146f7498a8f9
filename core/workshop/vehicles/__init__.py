"""Vehicles and the plates that they carried over time."""
