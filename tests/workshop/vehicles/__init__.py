"""Vehicles and plates."""
