"""Facts that stop a verb of presence."""

from core.errors import Refused


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
    """The time to undo is over, or the stay was changed since."""

    def __init__(self) -> None:
        super().__init__("It is too late to undo this. You can check the vehicle in again.")
