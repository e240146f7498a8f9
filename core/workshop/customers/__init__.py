"""The garage's customers: how to reach them, and in which language."""
