"""Facts that stop a verb of the VAT book."""

from core.errors import Refused
from core.i18n import gettext_noop

CLOSED = gettext_noop(
    "That month is closed in the VAT book. Only the owner or the accountant can still change the"
    " date, with a reason."
)


class RowCancelled(Refused):
    """The row was struck as a whole: nothing more can be said about it."""

    def __init__(self) -> None:
        super().__init__("This row was struck. Nothing more can be added to it.")


class RowChangedMeanwhile(Refused):
    """Somebody else wrote about the row after this page was opened."""

    def __init__(self, who: str) -> None:
        super().__init__(
            "%(who)s changed this row in the meantime. What you typed is still here: compare it"
            " with what the register says now, and correct again.",
            who=who,
        )


class TooLateToTakeBack(Refused):
    """A reference that was not noted just now, or by somebody else, cannot be undone."""

    def __init__(self) -> None:
        super().__init__(
            "It is too late to undo this. The owner or the accountant can take the reference out"
            " with “Correct”, and a reason."
        )


class ReasonMissing(Refused):
    """A correction without a reason."""

    status_code = 422

    def __init__(self, field: str = "reason") -> None:
        super().__init__("Please say why this is corrected.", field=field)


class MonthClosed(Refused):
    """A day in a closed month, changed by somebody who may not correct the register."""

    def __init__(self, field: str) -> None:
        super().__init__(CLOSED, field=field)


class LeftBetween(Refused):
    """The corrected day of departure is impossible."""

    def __init__(self) -> None:
        super().__init__(
            "The vehicle cannot have left before it arrived, or in the future.", field="left"
        )


class OtherVisitThen(Refused):
    """Another visit of the vehicle lies in the corrected days."""

    def __init__(self, field: str) -> None:
        super().__init__(
            "The vehicle was here for another visit then. Please check the days of both.",
            field=field,
        )


class AwayThen(Refused):
    """The vehicle left for a while outside of the corrected days."""

    def __init__(self, field: str) -> None:
        super().__init__(
            "The vehicle left for a while, or came back, on another day than that allows. Please"
            " check the day.",
            field=field,
        )


class NothingToCorrect(Refused):
    """The correction says the same as the register does."""

    def __init__(self) -> None:
        super().__init__("Nothing is different. Please change what is wrong, or cancel.")


class WordsMissing(Refused):
    """Neither an invoice reference nor a reason."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__(
            "Please type the invoice reference, or the reason why there is none.", field="words"
        )


class EntryAfterExit(Refused):
    """The corrected day of arrival is impossible."""

    def __init__(self) -> None:
        super().__init__(
            "The vehicle cannot have arrived after it left, or in the future.", field="day"
        )


class VehicleMissing(Refused):
    """A row of the register without plate and without chassis number."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("Please type the plate, or else the chassis number.", field="plate")


class AlreadySettled(Refused):
    """Somebody else gave the reference meanwhile."""

    def __init__(self) -> None:
        super().__init__("This row has an invoice reference already. You can correct it.")


class PeriodTooLarge(Refused):
    """More rows than a file holds."""

    def __init__(self) -> None:
        super().__init__("That is too much for one file. Please choose a shorter period.")
