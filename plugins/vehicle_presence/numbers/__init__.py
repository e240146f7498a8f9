"""The numbers: how long vehicles stand where, how many are forgotten, what waiting costs."""
