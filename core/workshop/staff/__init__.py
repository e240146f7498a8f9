"""The people who work in a garage: roles, passwords, invitations and sessions."""
