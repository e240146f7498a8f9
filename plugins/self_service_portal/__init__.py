"""The garage's customer site: estimate, repair, status, pictures, without an account."""
