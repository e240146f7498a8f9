"""A field that no person sees and that machines fill in.

It is not displayed at all, so neither a keyboard nor a screen reader comes to it, and browsers
have nothing to fill. Where it is filled all the same, the form is refused in plain words and
nothing is stored: an answer that only looks like success would lose the booking of a person
whose browser was too eager.
"""

from typing import Any

import structlog

from core.errors import Refused
from core.i18n import gettext
from core.web.forms import Form, FormValues

log = structlog.get_logger(__name__)

TRAP = "homepage"


class LooksLikeAMachine(Refused):
    """The field that nobody sees was filled."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__(
            "This form was filled in as a machine does it, so nothing was sent. Please send it"
            " again, or call us."
        )


def require_no_trap(values: FormValues) -> None:
    """For handlers without a :class:`PublicForm`.

    Raises:
        LooksLikeAMachine: the field was filled.
    """
    if any(values.getlist(TRAP)):
        log.info("trap.filled")
        raise LooksLikeAMachine


class PublicForm(Form):
    """A form that anybody can reach: its page has `ui.trap()` in it."""

    def __init__(self, formdata: FormValues | None = None, **options: Any) -> None:
        super().__init__(formdata, **options)
        self._values = formdata

    def validate(self, extra_validators: Any = None) -> bool:
        """Also: what nobody sees is empty."""
        fits = super().validate(extra_validators)
        if self._values is not None:
            try:
                require_no_trap(self._values)
            except LooksLikeAMachine as refusal:
                self.form_errors.append(gettext(refusal.message))
                return False
        return fits
