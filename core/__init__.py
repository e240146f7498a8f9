"""What every garage gets: the house that tenants live in and plugins extend."""
