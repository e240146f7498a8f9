"""The plugins that come with Garagist; each could as well be installed from outside."""
