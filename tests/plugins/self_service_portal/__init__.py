"""The self-service portal."""
