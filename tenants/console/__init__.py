"""The vendor's support console: garages, their plugins, what was done and what is broken."""
