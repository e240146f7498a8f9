"""From a host name to a page: tenant resolution, the gate, sessions, rendering."""
