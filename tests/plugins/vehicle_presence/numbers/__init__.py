"""The page of numbers."""
