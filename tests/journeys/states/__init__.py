"""The states of the portal's pages that no flow comes by: how each is made, and how it is asked
for."""
