"""Which vehicles are on site: the check mark, the clock, the board and the clean-up."""
