"""The clean-up of forgotten vehicles."""
