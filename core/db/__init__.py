"""The database: naming, the tenant's lock in every transaction, and the single commit."""
