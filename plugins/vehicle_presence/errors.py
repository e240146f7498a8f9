"""Facts that stop a verb of presence."""

from uuid import UUID

from core.errors import Refused
from core.i18n import gettext_noop

_LATE_FOR_ARRIVAL = gettext_noop(
    "It is too late to undo this. If the vehicle has left, press the clock; if it never came, the"
    " owner or the accountant can strike its row in the VAT book."
)
_LATE_FOR_DEPARTURE = gettext_noop(
    "It is too late to undo this. You can check the vehicle in again."
)


class VehicleNotInside(Refused):
    """The vehicle is not marked in, so it cannot leave."""

    def __init__(self) -> None:
        super().__init__("This vehicle is not marked as in.")


class LeftBeforeArrival(Refused):
    """The off-site moment lies before the arrival."""

    def __init__(self) -> None:
        super().__init__(
            "The vehicle cannot have left before it arrived. Please check the date.",
            field="left_at",
        )


class LeftInFuture(Refused):
    """The off-site moment lies in the future."""

    def __init__(self) -> None:
        super().__init__("The off-site date cannot lie in the future.", field="left_at")


class TooLateToUndo(Refused):
    """The time to undo is over, or the stay was changed since. What still helps is not the same
    for a departure and for an arrival (`was_arrival`)."""

    def __init__(self, *, was_arrival: bool = False) -> None:
        super().__init__(_LATE_FOR_ARRIVAL if was_arrival else _LATE_FOR_DEPARTURE)


class VehicleInElsewhere(Refused):
    """The vehicle is in already, for another job: one visit is one stay, and one row of the
    register. `job_id` is that other job."""

    def __init__(self, plate: str, job_id: UUID, number: int) -> None:
        super().__init__("%(plate)s is in already, for job %(number)s.", plate=plate, number=number)
        self.job_id = job_id
        self.number = number


class VehicleInAtOtherPlace(Refused):
    """The vehicle is in at another location than the one that its job is to be moved to: it has
    not left the book of the one, and is not in that of the other."""

    def __init__(self, place: str) -> None:
        super().__init__(
            "The vehicle is in at %(place)s, and in the VAT book of that location. Mark it off"
            " site there first; then change the location, and check it in again where it is.",
            field="location_id",
            place=place,
        )


class ArrivedAfterDeparture(Refused):
    """The moment of arrival lies behind the departure."""

    def __init__(self) -> None:
        super().__init__(
            "The vehicle cannot have arrived after it left. Please check the date.",
            field="arrived_at",
        )


class ArrivedInFuture(Refused):
    """The moment of arrival lies in the future."""

    def __init__(self) -> None:
        super().__init__("The arrival cannot lie in the future.", field="arrived_at")


class ArrivedAfterAbsence(Refused):
    """The vehicle had left for a while before that moment."""

    def __init__(self) -> None:
        super().__init__(
            "The vehicle left for a while before that. Please check the date.", field="arrived_at"
        )


class ArrivedDuringOtherStay(Refused):
    """Another stay of the vehicle lies around that moment."""

    def __init__(self) -> None:
        super().__init__(
            "The vehicle was here from an earlier visit then. Please check the date.",
            field="arrived_at",
        )


class LeftDuringOtherStay(Refused):
    """A later stay of the vehicle had begun by that moment."""

    def __init__(self) -> None:
        super().__init__(
            "The vehicle was here again by then, for a later visit. Please check the date.",
            field="left_at",
        )
