"""Garages as data, and the vendor's support console that looks after them."""
