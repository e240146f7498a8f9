"""Alembic's environment and core's own migrations; each plugin keeps its own."""
