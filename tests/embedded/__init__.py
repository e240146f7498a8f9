"""The servers from wheels."""
