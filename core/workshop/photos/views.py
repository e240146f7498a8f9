"""What a photo shows of a vehicle, where the photographer was asked for exactly that."""

VIEWS = (
    "front_left",
    "front_right",
    "rear_left",
    "rear_right",
    "close_up",
    "two_metres",
    "odometer",
    "vin_plate",
)
"""Stable keys, in the order in which one walks around the vehicle."""
