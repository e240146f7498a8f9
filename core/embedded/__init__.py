"""Real PostgreSQL and Valkey from wheels, started by us: for the demo and the tests only."""
