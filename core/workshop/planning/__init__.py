"""Appointments and the free slots they are booked from."""
