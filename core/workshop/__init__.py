"""The shop's own nouns, a slice each, and the verbs that people use on them."""
