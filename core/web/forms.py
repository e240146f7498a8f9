"""Forms: WTForms with our translations, filled from a request's body."""

from collections.abc import Iterable
from types import TracebackType
from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict
from sqlalchemy.ext.asyncio import AsyncSession
from wtforms import Form as WTForm
from wtforms import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.fields import Field
from wtforms.form import BaseForm
from wtforms.i18n import get_translations
from wtforms.validators import NumberRange, ValidationError

from core.errors import Refused
from core.i18n import choose_plural, current_language, gettext, gettext_noop

WTFORMS_OWN = (
    gettext_noop("This field is required."),
    gettext_noop("Not a valid date value."),
    gettext_noop("Not a valid integer value."),
    gettext_noop("Not a valid choice."),
)
"""Messages that WTForms says by itself, marked so that our catalogues may say them better."""


_WTFORMS_BETWEEN = "Number must be between %(min)s and %(max)s."


class _Translations:
    """WTForms' own messages come translated with it; ours from our catalogues."""

    def __init__(self, language: str) -> None:
        self._wtforms = get_translations([language]) if language != "en" else None

    def gettext(self, message: str) -> str:
        text = gettext(message)
        if text == message and self._wtforms is not None:
            return str(self._wtforms.gettext(message))
        return text

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        text = choose_plural(singular, plural, number)
        if text in {singular, plural} and self._wtforms is not None:
            return str(self._wtforms.ngettext(singular, plural, number))
        return text


class Between(NumberRange):
    """A number between two, both included; one that is beyond every float is just as wrong."""

    def __call__(self, form: BaseForm, field: Field) -> None:
        """Look at the field.

        Raises:
            ValidationError: it is not between them.
        """
        try:
            super().__call__(form, field)
        except OverflowError:
            text = field.gettext(_WTFORMS_BETWEEN)
            raise ValidationError(text % {"min": self.min, "max": self.max}) from None


class Form(WTForm):
    """Base of every form. CSRF is checked by the guard before a form is filled."""

    class Meta:
        """How WTForms finds translations; cached per language by WTForms itself."""

        def get_translations(self, _form: WTForm) -> _Translations:
            """Ours first, then WTForms' own catalogue."""
            return _Translations(current_language())

    def add_refusal(self, refusal: Refused) -> None:
        """Show a rule of the shop's *no* at the field that it is about, or above the form."""
        text = gettext(refusal.message, **refusal.values)
        field = self._fields.get(refusal.field or "")
        if field is not None:
            field.errors = [*field.errors, text]
        else:
            self.form_errors.append(text)

    def text(self, name: str) -> str:
        """What was typed into a field, without spaces around it; empty if nothing was."""
        return str(self[name].data or "").strip()

    @property
    def has_errors(self) -> bool:
        """Whether anything must be mended."""
        return bool(self.errors)


def options(pairs: Iterable[tuple[str, Any]]) -> list[Any]:
    """What a select field offers, from (value, label) pairs."""
    return [SelectChoice(value, label) for value, label in pairs]


class attempt:  # noqa: N801 - read as a verb: `async with attempt(session, form)`
    """Try a verb of the shop: its refusal is shown on the form, and whatever it had already
    written in the block is taken back, while the page can still be rendered."""

    def __init__(self, session: AsyncSession, form: Form) -> None:
        self._savepoint = session.begin_nested()
        self._form = form

    async def __aenter__(self) -> None:
        """Begin a savepoint."""
        await self._savepoint.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Keep or take back; a refusal ends here."""
        await self._savepoint.__aexit__(kind, error, trace)
        if isinstance(error, Refused):
            self._form.add_refusal(error)
            return True
        return False


class FormValues:
    """A multidict in the shape that WTForms reads."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        self._values: dict[str, list[Any]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def getlist(self, name: str) -> list[Any]:
        """All values of a field, in order."""
        return self._values.get(name, [])

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


async def form_values(request: Request[Any, Any, Any]) -> FormValues:
    """The body's fields. NUL, which PostgreSQL cannot store, is dropped from texts; files are
    left out, as uploads are received elsewhere."""
    body: FormMultiDict = await request.form()
    return FormValues(
        (name, value.replace("\x00", ""))
        for name, value in body.multi_items()
        if isinstance(value, str)
    )
