"""The shop's nouns, against real servers."""
