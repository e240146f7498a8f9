"""Places of business: address, opening hours, closures and capacity."""
