"""Numbers out of stays and histories, as somebody would count them by hand."""

import csv
import io
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import frozen, now
from core.i18n import language_scope
from core.workshop.jobs.services import set_status
from core.workshop.locations import repository as locations
from core.workshop.locations.services import create_location
from plugins.vehicle_presence import absences
from plugins.vehicle_presence import services as presence
from plugins.vehicle_presence.numbers import charts, repository
from plugins.vehicle_presence.numbers.csv_files import csv_file
from plugins.vehicle_presence.numbers.periods import period_of
from plugins.vehicle_presence.numbers.services import CHARTS, Numbers, numbers_of, stage_label
from tests.factories import a_job, a_plate, set_past_services
from tests.garages import STAFF, Garage
from tests.statements import counted
from tests.sweeping import let_act, many_forgotten, swept

HOME = "/desk/on-site/numbers"
BRUSSELS = ZoneInfo("Europe/Brussels")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=BRUSSELS)


def at(days_ago: float) -> datetime:
    """A moment before :data:`NOON`."""
    return NOON - timedelta(days=days_ago)


async def a_course(garage: Garage, *steps: tuple[float, str], location: UUID | None = None) -> None:
    """A vehicle with what happened to it, oldest first: (days ago, `in`, `out` for a while, `back`,
    `off` or a status)."""
    async with garage.unit() as session:
        with frozen(at(steps[0][0])):
            job = await a_job(session, plate=a_plate())
            if location is not None:
                job = await set_past_services(session, job, location_id=location)
        for days_ago, what in steps:
            with frozen(at(days_ago)):
                if what == "in":
                    await presence.record_arrival(session, job.id, STAFF)
                elif what == "out":
                    await absences.leave_for_a_while(session, job.id, 1, STAFF)
                elif what == "back":
                    await absences.come_back(session, job.id, STAFF)
                elif what == "off":
                    await presence.mark_off_site(session, job.id, STAFF)
                else:
                    await set_status(session, job.id, what, STAFF)
                await session.flush()


async def numbers(garage: Garage, period: str = "month") -> Numbers:
    """The garage's numbers at noon."""
    with frozen(NOON):
        async with garage.unit() as session:
            return await numbers_of(session, period_of(period))


async def test_average_days_are_those_of_vehicles_that_left(garage: Garage) -> None:
    await a_course(
        garage, (12, "planned"), (10, "in"), (9, "in_progress"), (5, "ready"), (2, "off")
    )
    await a_course(garage, (8, "in"), (8, "in_progress"), (4, "ready"), (4, "off"))
    await a_course(garage, (20, "in"))  # still here: not counted
    found = await numbers(garage)
    assert (found.left, found.average_days) == (2, pytest.approx(6))
    assert {row.key: pytest.approx(row.value) for row in found.stages} == {
        "before": 0.5,
        "work": 4,
        "ready": 1.5,
        "over": 0,
    }


async def test_each_night_counts_once_by_what_the_vehicle_waited_for(garage: Garage) -> None:
    await a_course(garage, (4, "in"), (3, "in_progress"), (2, "ready"))
    found = await numbers(garage)
    by_night = {bar.last: dict(bar.values) for bar in found.places.bars}
    nights = [by_night[at(back).date()] for back in (5, 4, 3, 2, 1)]
    assert [{key for key, value in each.items() if value} for each in nights] == [
        set(),
        {"before"},
        {"work"},
        {"ready"},
        {"ready"},
    ]
    assert found.waiting_share == pytest.approx(75)


async def test_what_is_away_for_a_while_takes_no_place_and_is_not_inside(garage: Garage) -> None:
    await a_course(
        garage,
        (10, "in"),
        (9, "in_progress"),
        (8, "out"),
        (3, "back"),
        (1, "ready"),
        (0.25, "off"),
    )
    await a_course(garage, (6, "in"), (2, "out"))
    found = await numbers(garage)
    by_night = {bar.last: bar.total for bar in found.places.bars}
    assert [by_night[at(back).date()] for back in range(10, 0, -1)] == [
        *(1, 1, 0, 0),
        *(1, 1, 1, 2),
        *(1, 1),
    ]
    assert found.average_days == pytest.approx(4.75)
    assert {row.key: pytest.approx(row.value) for row in found.stages} == {
        "before": 1,
        "work": 3,
        "ready": 0.75,
        "over": 0,
    }
    with frozen(NOON):
        page = await (await garage.staff("planner")).open(HOME)
    assert page.text.count("is not counted until it is back") == 2


async def test_a_vehicle_that_left_long_before_it_was_noted_was_forgotten_in_between(
    garage: Garage,
) -> None:
    await let_act(garage)
    await a_course(garage, (20, "in"), (15, "delivered"))
    await swept(garage, at(5))
    found = await numbers(garage)
    by_night = {bar.last: bar.total for bar in found.forgotten.bars}
    assert [by_night[at(back).date()] for back in (16, 15, 10, 6, 5, 1)] == [0, 1, 1, 1, 0, 0]
    assert found.average_days == pytest.approx(5)


async def test_a_vehicle_whose_job_is_over_and_that_is_still_marked_in_is_forgotten(
    garage: Garage,
) -> None:
    await a_course(garage, (6, "in"), (3, "cancelled"))
    found = await numbers(garage)
    assert [bar.total for bar in found.forgotten.bars[-4:]] == [0, 1, 1, 1]


@pytest.mark.parametrize("day", ["2026-03-30", "2026-10-26", "2027-01-01", "2028-03-01"])
@pytest.mark.parametrize("period", ["month", "quarter", "year"])
async def test_no_night_is_lost_when_clocks_months_or_years_change(
    garage: Garage, day: str, period: str
) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=BRUSSELS)
    with frozen(noon - timedelta(days=3)):
        async with garage.unit() as session:
            job = await a_job(session)
            await presence.record_arrival(session, job.id, STAFF)
    with frozen(noon):
        async with garage.unit() as session:
            found = await numbers_of(session, period_of(period))
    nights = sum(bar.total * ((bar.last - bar.first).days + 1) for bar in found.places.bars)
    assert nights == pytest.approx(3)
    assert found.period.last == noon.date() - timedelta(days=1)
    assert all(
        later.first == earlier.last + timedelta(days=1)
        for earlier, later in zip(found.period.columns, found.period.columns[1:], strict=False)
    )


async def test_another_garages_vehicles_do_not_count(garage: Garage, other_garage: Garage) -> None:
    await a_course(other_garage, (4, "in"), (2, "ready"), (1, "off"))
    assert (await numbers(garage)).is_empty


async def test_the_numbers_take_two_questions_however_many_vehicles(garage: Garage) -> None:
    counts = []
    for more in (1, 300):
        await many_forgotten(garage, more, at=now())
        with counted(garage.house) as sent:
            async with garage.unit() as session:
                await numbers_of(session, period_of("year"))
        counts.append(len(sent))
    assert counts == [3, 3]  # and the one that names the garage


@pytest.mark.parametrize("period", ["month", "quarter", "year", "nonsense"])
async def test_the_page_draws_every_period(garage: Garage, period: str) -> None:
    await many_forgotten(garage, 3, at=now())
    browser = await garage.staff("planner")
    page = await browser.open(f"{HOME}?period={period}")
    assert len(page.select("svg[role=img] > title")) == 2
    assert len(page.select("svg[role=img] > desc")) == 2
    assert len(page.select("details.behind table")) >= 2
    assert page.select("[style]") == []


async def test_without_vehicles_the_page_says_what_to_do(garage: Garage) -> None:
    page = await (await garage.staff("owner")).open(HOME)
    assert "No numbers yet" in page.text
    assert page.select("svg[role=img]") == []


@pytest.mark.parametrize("chart", CHARTS)
async def test_behind_each_chart_is_a_file(garage: Garage, chart: str) -> None:
    await many_forgotten(garage, 2, at=now())
    browser = await garage.staff("planner")
    answer = await browser.get(f"{HOME}/csv/{chart}?period=month")
    assert answer.headers["content-type"].startswith("text/csv")
    assert f'filename="{chart}-' in answer.headers["content-disposition"]
    lines = answer.text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines()
    assert len(lines) == (5 if chart == "stages" else 31)


async def some_courses(garage: Garage) -> None:
    """Vehicles in every stage, and one that left."""
    await a_course(
        garage, (12, "planned"), (10, "in"), (9, "in_progress"), (5, "ready"), (2, "off")
    )
    await a_course(garage, (8, "in"), (6, "in_progress"), (3, "ready"))
    await a_course(garage, (6, "in"), (3, "cancelled"))


@pytest.mark.parametrize("period", ["month", "quarter", "year"])
@pytest.mark.parametrize("chart", CHARTS)
async def test_the_file_says_value_by_value_what_the_chart_shows(
    garage: Garage, chart: str, period: str
) -> None:
    await some_courses(garage)
    found = await numbers(garage, period)
    with frozen(NOON):
        browser = await garage.staff("planner")
        answer = await browser.get(f"{HOME}/csv/{chart}?period={period}")
        page = await browser.open(f"{HOME}?period={period}")
        await browser.aclose()
    head, *lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    if chart == "stages":
        shown = [[stage_label(row.key), row.value] for row in found.stages]
        assert head == ["Stage", "Days on average"]
    else:
        drawn = getattr(found, chart)
        shown = [
            [bar.first.isoformat(), bar.last.isoformat(), *(bar.values[key] for key in drawn.keys)]
            for bar in drawn.bars
        ]
        assert head == ["From", "Until", *(stage_label(key) for key in drawn.keys)]
        heights = [sum(part.height for part in bar.parts) for bar in drawn.bars]
        assert heights == pytest.approx(
            [100 * bar.total / drawn.ticks[0] for bar in drawn.bars], abs=0.05
        )
    assert len(lines) == len(shown)
    for line, values in zip(lines, shown, strict=True):
        for cell, value in zip(line, values, strict=True):
            if isinstance(value, str):
                assert cell == value
            else:
                assert float(cell) == pytest.approx(value, abs=0.005)
    assert any(float(cell) for line in lines for cell in line[-1:]) or chart == "stages"
    tables = [
        [[cell.get_text(strip=True) for cell in row.select("td, th")] for row in table.select("tr")]
        for table in page.select("details.behind table")
    ]
    assert [head, *lines] in tables


async def test_the_numbers_of_one_location_are_those_of_its_vehicles(garage: Garage) -> None:
    await a_course(garage, (8, "in"), (6, "in_progress"), (4, "off"))
    async with garage.unit() as session:
        other = await create_location(session, name="Second yard")
    await a_course(garage, (9, "in"), (5, "ready"), location=other.id)
    with frozen(NOON):
        async with garage.unit() as session:
            first = await locations.first(session)
            here = await numbers_of(session, period_of("month"), first.id)
            there = await numbers_of(session, period_of("month"), other.id)
            everywhere = await numbers_of(session, period_of("month"))
        browser = await garage.staff("planner")
        page = await browser.open(f"{HOME}?period=month&location={other.id}")
        none = await browser.open(f"{HOME}?period=month&location=nonsense")
        await browser.aclose()
    assert (here.left, there.left, everywhere.left) == (1, 0, 1)

    def nights_of(found: Numbers) -> float:
        return sum(bar.total for bar in found.places.bars)

    assert (nights_of(here), nights_of(there)) == (4, 9)
    assert nights_of(everywhere) == 13
    (current,) = page.select("#numbers-locations [aria-current]")
    assert current.text == "Second yard"
    links = [
        str(each["href"]) for each in page.select("a[href*='/csv/'], .tabs a[href*='quarter']")
    ]
    assert all(f"location={other.id}" in link for link in links if "period" in link)
    (current,) = none.select("#numbers-locations [aria-current]")
    assert current.text == "All"


async def test_a_garage_with_one_location_is_not_asked_for_which(garage: Garage) -> None:
    await a_course(garage, (8, "in"))
    page = await (await garage.staff("planner")).open(HOME)
    assert not page.select("#numbers-locations")


async def test_a_page_that_looks_at_the_newest_only_says_so(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _vehicle in range(3):
        await a_course(garage, (8, "in"), (4, "off"))
    browser = await garage.staff("planner")
    assert "only the newest" not in (await browser.open(f"{HOME}?period=year")).text
    found = await numbers(garage)
    assert (found.left, found.is_cut) == (3, False)
    monkeypatch.setattr(repository, "MOST", 2)
    found = await numbers(garage)
    assert (found.left, found.is_cut) == (2, True)
    assert "only the newest" in (await browser.open(f"{HOME}?period=year")).text


async def test_an_unknown_chart_is_no_file(garage: Garage) -> None:
    browser = await garage.staff("planner")
    assert (await browser.get(f"{HOME}/csv/money")).status_code == 404


@pytest.mark.parametrize("role", ["technician", "accountant"])
async def test_the_numbers_are_for_those_who_run_the_garage(garage: Garage, role: str) -> None:
    browser = await garage.staff(role)
    assert (await browser.get(HOME)).status_code == 403
    assert (await browser.get(f"{HOME}/csv/stages")).status_code == 403


@pytest.mark.parametrize("text", ["=1+1", "+32", "-2", "@SUM(A1)"])
def test_a_cell_that_looks_like_a_formula_is_a_text(text: str) -> None:
    assert csv_file([[text]]).decode("utf-8-sig") == f"'{text}\r\n"


@pytest.mark.parametrize(("language", "line"), [("en", "Days,1.5"), ("nl", "Days;1,5")])
def test_numbers_in_a_file_are_written_as_the_language_writes_them(
    language: str, line: str
) -> None:
    with language_scope(language):
        assert csv_file([["Days", 1.5]]).decode("utf-8-sig") == f"{line}\r\n"


@given(st.floats(min_value=0, max_value=1e6))
def test_the_top_of_a_chart_is_a_round_even_number_above_all(highest: float) -> None:
    top = charts.nice_top(highest)
    assert top >= highest
    assert top % 2 == 0


@given(
    st.lists(
        st.fixed_dictionaries({"a": st.integers(0, 500), "b": st.integers(0, 500)}),
        min_size=1,
        max_size=40,
    )
)
def test_columns_stay_in_their_frame_and_do_not_overlap(values: list[dict[str, float]]) -> None:
    day = NOON.date()
    chart = charts.column_chart(("a", "b"), [(day, day, each) for each in values])
    for bar, following in zip(chart.bars, chart.bars[1:], strict=False):
        assert bar.left + bar.width < following.left
    for bar in chart.bars:
        assert bar.left >= 0
        assert bar.left + bar.width <= 100
        assert all(part.top >= -0.02 and part.top + part.height <= 100.05 for part in bar.parts)
