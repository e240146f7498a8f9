"""Garages as data: opened and closed, looked up, their plugins switched by support."""
