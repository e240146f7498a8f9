"""Links that fill in the form of a calendar on the web."""

from urllib.parse import parse_qs, urlsplit

from core.workshop.planning.calendar_files import CalendarTexts
from core.workshop.planning.calendar_links import calendar_links
from tests.factories import a_job, an_appointment
from tests.garages import Garage

TEXTS = CalendarTexts(
    summary="Estimate & more: Peeters+Söhne\r\n#1",
    description="+32 3 123 45 67",
    place="Noorderlaan 1, 2030 Antwerpen",
    url="https://peeters.example/en?a=1&b=2",
)


async def test_each_calendar_gets_the_times_in_utc_and_the_texts_as_they_are(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
    google, outlook = calendar_links(appointment, TEXTS)
    asked = {each: parse_qs(urlsplit(each.href).query) for each in (google, outlook)}
    assert asked[google]["dates"] == [
        f"{appointment.starts_at:%Y%m%dT%H%M%SZ}/{appointment.ends_at:%Y%m%dT%H%M%SZ}"
    ]
    assert asked[outlook]["startdt"] == [f"{appointment.starts_at:%Y-%m-%dT%H:%M:%SZ}"]
    assert asked[google]["text"] == asked[outlook]["subject"] == [TEXTS.summary]
    assert asked[google]["details"] == asked[outlook]["body"]


async def test_the_links_hold_nothing_that_ends_a_line_or_an_attribute(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
    links = "".join(each.href for each in calendar_links(appointment, TEXTS))
    assert not set("\r\n\"'<> ") & set(links)
