"""The database's locks."""
