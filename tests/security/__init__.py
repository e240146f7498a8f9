"""Promises about every route and every plugin, generated from the running application."""
