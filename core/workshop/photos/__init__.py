"""Photos of jobs: checked, kept privately, served without their metadata."""
