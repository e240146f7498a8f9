"""The card list in other frameworks, each written as its documentation shows, on the same data."""
