"""The staff's pages: today, jobs, planning, staff, settings, log."""

from core.web.desk import (
    access,
    appointment_pages,
    customer_pages,
    export_pages,
    garage_pages,
    job_actions,
    job_pages,
    job_sheet,
    planning_pages,
    plugin_pages,
    settings_pages,
)

CONTROLLERS = [
    *access.HANDLERS,
    *garage_pages.HANDLERS,
    *job_pages.HANDLERS,
    *job_actions.HANDLERS,
    *customer_pages.HANDLERS,
    *job_sheet.HANDLERS,
    *planning_pages.HANDLERS,
    *appointment_pages.HANDLERS,
    *settings_pages.HANDLERS,
    *plugin_pages.HANDLERS,
    *export_pages.HANDLERS,
]
