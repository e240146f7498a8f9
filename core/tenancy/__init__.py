"""Whose garage this is: the context that every query, key, task and log line carries."""
