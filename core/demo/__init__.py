"""The whole platform on one machine, with two garages whose past weeks are made up believably."""
