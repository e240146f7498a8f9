"""When things happen to the demo's jobs, in working days from now (0.0; the past is negative).

A course says all that will ever happen; a job's status is simply how far that is by now.
"""

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class Course:
    """The milestones of one job; None where one is skipped or nobody knows yet.

    `visit` is an estimate appointment that is still to come: working days from today, and the
    local time. `arrives_today` and `leaves_today` keep to today even before opening time.
    `customer_photos` came through the portal, `workshop_photos` from a tablet.
    """

    opened: float
    estimate: float | None = None
    planned: float | None = None
    arrival: float | None = None
    ready: float | None = None
    delivered: float | None = None
    invoiced: float | None = None
    cancelled: float | None = None
    booked_out: float | None = None
    visit: tuple[int, time] | None = None
    is_small: bool = False
    is_online: bool = False
    waits: bool = False
    arrives_today: bool = False
    leaves_today: bool = False
    customer_photos: int = 0
    workshop_photos: int = 0


INVOICED = (
    Course(-58.5, -57.4, -55.2, -50.3, -46.2, -45.5, -43.8),
    Course(-27.3, -26.1, -24.4, -19.6, -16.0, -15.2, -13.1, is_online=True),
)
"""The first one left so long ago that whatever was due about it then is overdue now."""
DELIVERED = (
    Course(-25.6, -24.5, -22.3, -17.4, -13.6, -12.8, workshop_photos=3),
    Course(-22.4, -21.3, -19.4, -14.5, -11.1, -10.3),
    Course(-19.7, -18.5, -16.3, -11.4, -7.3, -6.6, is_online=True),
    Course(-13.2, None, -12.6, -8.4, -7.6, -4.5, is_small=True),
    Course(-16.5, -15.4, -13.3, -6.4, -1.4, -0.08, leaves_today=True),
    Course(-9.6, None, -9.0, -2.4, -1.2, -0.2, is_small=True, leaves_today=True),
)
"""Two leave today; presence makes most of the others the forgotten ones."""
READY = (
    Course(-6.5, None, -5.9, -1.6, -0.15, 0.6, is_small=True),
    Course(-12.4, -11.2, -9.4, -3.4, -0.25, 1.3, workshop_photos=4),
    Course(-13.5, -12.3, -10.5, -5.2, -1.3, workshop_photos=2, is_online=True),
    Course(-17.2, -16.1, -14.2, -8.5, -4.3),
    Course(-18.4, -17.3, -15.4, -9.6, -5.4),
    Course(-20.3, -19.2, -17.3, -11.2, -6.6, booked_out=-5.0, is_online=True),
)
"""The last three were never collected, as far as anybody noted."""
IN_PROGRESS = (
    Course(-21.8, -20.6, -18.5, -9.8, 2.0, 3.0, waits=True),
    Course(-14.3, -13.2, -11.1, -4.3, 0.4, 1.2, workshop_photos=3),
    Course(-12.7, -11.5, -9.3, -3.6, 0.6, 1.5, is_online=True, workshop_photos=4),
    Course(-11.3, -10.2, -8.2, -2.9, 0.9, 1.9),
    Course(-10.6, -9.4, -7.5, -2.2, 1.5, 2.4, is_online=True, waits=True),
    Course(-9.2, -8.1, -6.4, -1.4, 2.2, 3.0, workshop_photos=2),
    Course(-8.3, -7.2, -5.3, -0.9, 2.6, 3.5),
    Course(-5.7, None, -5.1, -0.7, 0.3, 0.9, is_small=True),
    Course(-7.5, -6.4, -4.5, -0.12, 3.5, 4.4, arrives_today=True, workshop_photos=2),
    Course(-4.4, None, -3.8, -0.3, 0.8, 1.4, is_small=True, arrives_today=True),
)
PLANNED = (
    Course(-9.8, -8.6, -6.7, 0.4, 4.0, 4.8),
    Course(-8.6, -7.4, -5.9, 0.6, 3.8, 4.7, is_online=True, customer_photos=3),
    Course(-7.9, -6.8, -4.8, 1.2, 5.1, 6.0),
    Course(-6.8, -5.7, -3.9, 1.9, 6.2, 7.0, is_online=True),
    Course(-5.5, -4.3, -2.6, 2.4, 6.5, 7.4, is_online=True, customer_photos=2),
    Course(-4.2, -3.1, -1.4, 3.6, 7.4, 8.3),
    Course(-2.8, None, -2.2, 5.3, 6.1, 6.7, is_small=True),
)
NEW = (
    Course(-3.4, visit=(0, time(9))),
    Course(-2.6, visit=(0, time(10, 30)), is_online=True),
    Course(-2.1, visit=(0, time(14)), is_online=True, customer_photos=3),
    Course(-1.7, visit=(1, time(9, 30))),
    Course(-1.2, visit=(1, time(15)), is_online=True),
    Course(-0.8, visit=(2, time(11)), is_online=True, customer_photos=4, is_small=True),
    Course(-0.4, is_small=True),
    Course(-0.05, visit=(3, time(10)), is_online=True, customer_photos=2),
)
CANCELLED = (Course(-15.8, -14.6, cancelled=-13.2),)

COURSES = (*INVOICED, *DELIVERED, *READY, *IN_PROGRESS, *PLANNED, *NEW, *CANCELLED)
