"""A mail server that keeps what it gets: for the demo and the tests, with a page to read it."""
