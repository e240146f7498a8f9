"""The staff's pages: today, jobs, planning, staff, settings, log."""
