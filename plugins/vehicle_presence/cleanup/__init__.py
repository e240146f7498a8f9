"""The clean-up: vehicles that are still marked in although they seem to have left."""
