"""Forms: their messages in the person's language, and refusals where they belong."""

import pytest
from sqlalchemy import func, select
from wtforms import StringField
from wtforms.validators import InputRequired

from core.errors import Refused
from core.i18n import LANGUAGES, language_scope
from core.web.forms import Form, FormValues, attempt, options
from core.workshop.customers.models import Customer
from tests.garages import Garage

EMPTY: FormValues = FormValues([("name", "")])


class NameForm(Form):
    """One field."""

    name = StringField("Name", [InputRequired()])


class Impolite(Refused):
    """A rule that is about the name."""

    def __init__(self, field: str | None = "name") -> None:
        super().__init__("Please say %(word)s.", field=field, word="please")


async def customers_of(garage: Garage) -> int:
    """How many customers are stored."""
    async with garage.unit() as session:
        return await session.scalar(select(func.count()).select_from(Customer)) or 0


async def test_a_refusal_is_shown_at_its_field_and_takes_back_what_was_written(
    garage: Garage,
) -> None:
    form = NameForm(FormValues([("name", "Jan")]))
    async with garage.unit() as session:
        async with attempt(session, form):
            session.add(Customer(name="Jan", language="en"))
            await session.flush()
            raise Impolite
        session.add(Customer(name="afterwards", language="en"))
    assert (form.name.errors, form.has_errors) == (["Please say please."], True)
    assert await customers_of(garage) == 1


async def test_a_refusal_about_no_field_stands_above_the_form(garage: Garage) -> None:
    form = NameForm(FormValues([("name", "Jan")]))
    async with garage.unit() as session, attempt(session, form):
        raise Impolite(None)
    assert (form.form_errors, list(form.name.errors)) == (["Please say please."], [])


async def test_what_works_is_kept_and_nothing_is_shown(garage: Garage) -> None:
    form = NameForm(FormValues([("name", "Jan")]))
    async with garage.unit() as session, attempt(session, form):
        session.add(Customer(name="Jan", language="en"))
    assert (form.has_errors, await customers_of(garage)) == (False, 1)


async def test_any_other_failure_is_not_a_message_on_a_form(garage: Garage) -> None:
    form = NameForm(FormValues([("name", "Jan")]))
    with pytest.raises(ZeroDivisionError):
        async with garage.unit() as session, attempt(session, form):
            raise ZeroDivisionError
    assert not form.has_errors


def test_a_field_that_is_missing_is_asked_for_in_every_language(garage: Garage) -> None:
    said = {}
    for language in LANGUAGES:
        with language_scope(language):
            form = NameForm(EMPTY)
            assert not form.validate()
            said[language] = str(form.name.errors[0])
    assert len(set(said.values())) == len(LANGUAGES)


def test_a_choice_that_was_not_offered_is_none() -> None:
    offered = options([("a", "A"), ("b", "B")])
    assert [(each.value, each.label) for each in offered] == [("a", "A"), ("b", "B")]


def test_the_values_of_a_field_keep_their_order() -> None:
    values = FormValues([("x", "1"), ("y", "2"), ("x", "3")])
    assert (values.getlist("x"), values.getlist("z")) == (["1", "3"], [])
    assert ("y" in values, "z" in values, list(values), len(values)) == (True, False, ["x", "y"], 2)
