"""Vehicle presence."""
