"""Repair jobs: one visit of one vehicle for one matter, with its flow of tasks."""
