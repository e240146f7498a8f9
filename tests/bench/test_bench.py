"""The benchmark's own tools: what it makes, what it asks, that it compares like with like."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from bench import by_hand, guesses, pages, report
from bench.generate import ON_SITE, Plan, generate, slug_of
from bench.load import Target, WrongAnswer, get, press, press_once
from bench.places import Place
from bench.servers import environment, serving
from core.house import open_house
from tests.servers import Servers
from tests.worlds import as_it_was

PLAN = Plan(garages=3, jobs=500, seed=7)
Pages = tuple[Place, dict[str, str]]


@pytest.fixture(scope="module")
async def made(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Three small garages in a database of their own."""
    place = Place(tmp_path_factory.mktemp("bench"), servers.postgres, servers.valkey)
    return place, await generated(place, PLAN)


async def generated(
    place: Place, plan: Plan, say: Callable[[str], None] | None = None
) -> dict[str, str]:
    """The garages, made by a house that is gone afterwards."""
    with as_it_was():
        return await generate(place, plan, say or _quietly)


def _quietly(_text: str) -> None:
    """Progress is for people."""


@asynccontextmanager
async def admin_of(place: Place) -> AsyncIterator[asyncpg.Connection]:
    """Past row level security."""
    connection = await asyncpg.connect(place.admin_url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_each_garage_has_its_jobs_and_sixty_vehicles_on_site(made: Pages) -> None:
    place, tenants = made
    async with admin_of(place) as admin:
        rows = await admin.fetch(
            "select tenant_id, count(*) as jobs, count(distinct sequence_number) as numbers,"
            " count(distinct public_number) as public from jobs group by tenant_id"
        )
        acting = await admin.fetchval(
            "select count(*) from vehicle_presence_rules where is_on and mode = 'automatic'"
            " and name in ('delivered', 'booked_out')"
        )
        recent = await admin.fetch(
            "select tenant_id, count(*) from vehicle_presence_stays where left_at is null"
            " and arrived_at > now() - interval '21 days' group by tenant_id"
        )
    assert {(row["jobs"], row["numbers"], row["public"]) for row in rows} == {(500, 500, 500)}
    assert acting == 2 * len(tenants)
    assert {str(row["tenant_id"]): row["count"] for row in recent} == dict.fromkeys(
        tenants.values(), ON_SITE
    )


async def test_a_third_each_forgot_no_a_tenth_and_half_of_the_older_jobs(made: Pages) -> None:
    place, tenants = made
    found = {}
    async with admin_of(place) as admin:
        for slug, tenant in tenants.items():
            found[slug] = await admin.fetchval(
                "select count(*) from vehicle_presence_stays s join jobs j"
                " on j.tenant_id = s.tenant_id and j.id = s.job_id where s.tenant_id = $1"
                " and s.left_at is null and s.arrived_at < now() - interval '21 days'"
                " and j.status in ('delivered', 'invoiced', 'ready')",
                tenant,
            )
    assert found == {"g000-f00": 0, "g001-f10": 44, "g002-f50": 220}
    assert list(found.values()) == [PLAN.forgotten_jobs(number) for number in range(3)]


CONTENTS = """
    select md5(string_agg(j.plate || j.status || c.name || v.make || coalesce(t.key, '')
                          || (s.left_at is null), ',' order by j.sequence_number))
    from jobs j
    join customers c on c.tenant_id = j.tenant_id and c.id = j.customer_id
    join vehicles v on v.tenant_id = j.tenant_id and v.id = j.vehicle_id
    join job_tasks t on t.tenant_id = j.tenant_id and t.job_id = j.id
    join vehicle_presence_stays s on s.tenant_id = j.tenant_id and s.job_id = j.id
    where j.tenant_id = $1
"""


async def test_the_same_seed_makes_the_same_cars_and_another_one_others(
    made: Pages, servers: Servers, tmp_path: Path
) -> None:
    place, tenants = made
    again = Place(tmp_path, servers.postgres, servers.valkey, database="garagist_bench_again")
    other = Place(tmp_path, servers.postgres, servers.valkey, database="garagist_bench_other")
    contents = []
    for where, plan in ((again, PLAN), (other, Plan(garages=1, jobs=500, seed=8))):
        made_here = await generated(where, Plan(1, plan.jobs, seed=plan.seed))
        async with admin_of(where) as admin:
            contents.append(await admin.fetchval(CONTENTS, made_here[slug_of(PLAN, 0)]))
        await servers.postgres.drop_database(where.database)
    async with admin_of(place) as admin:
        first = await admin.fetchval(CONTENTS, tenants[slug_of(PLAN, 0)])
    assert contents[0] == first
    assert contents[1] != first


async def test_what_is_there_is_not_made_twice(made: Pages) -> None:
    place, tenants = made
    said: list[str] = []
    assert await generated(place, PLAN, said.append) == tenants
    assert said == []


async def test_a_folder_with_other_sizes_is_refused(made: Pages) -> None:
    place, _tenants = made
    with pytest.raises(SystemExit, match="use another --data-dir"):
        await generated(place, Plan(garages=3, jobs=600, seed=7))


@pytest.fixture(scope="module")
def targets(made: Pages) -> Iterator[dict[str, Target]]:
    """Garagist and the bare application, both running over the same small garages."""
    place, tenants = made
    told = environment(place, tenants)
    slugs = list(tenants)
    raw = serving("bench.peers.raw:app", told, place.folder / "raw.log")
    ours = serving("core.app:serve", told, place.folder / "ours.log", factory=True)
    with raw as raw_port, ours as our_port:
        yield {
            pages.RAW: Target(raw_port, pages.requests_for("/cards.json", slugs)),
            **{
                name: Target(our_port, pages.requests_for(path, slugs))
                for name, path in pages.OURS.items()
            },
        }


async def test_the_bare_application_answers_the_same_cards(targets: dict[str, Target]) -> None:
    answers = asyncio.to_thread(pages.check_answers, targets)
    assert await answers is None, "it raises OtherCards where they differ"


async def test_other_cards_are_noticed(targets: dict[str, Target]) -> None:
    ours = targets[pages.OURS_JSON]
    elsewhere = Target(ours.port, ours.requests[1:])
    with pytest.raises(pages.OtherCards):
        await asyncio.to_thread(pages.check_answers, {**targets, "others, JSON": elsewhere})


async def test_every_answer_of_a_round_is_counted(targets: dict[str, Target]) -> None:
    for name in (pages.OURS_JSON, pages.OURS_HTML, pages.RAW):
        found = await press(targets[name], connections=3, seconds=0.5)
        assert len(found.latencies) >= 3
        assert found.quantile(0.5) <= found.quantile(0.99)
        assert found.per_second > 0


async def test_a_wrong_answer_stops_the_measurement(targets: dict[str, Target]) -> None:
    port = targets[pages.OURS_JSON].port
    nobody = Target(port, (get("nobody.bench.test", "/desk/on-site/cards.json"),))
    with pytest.raises(WrongAnswer):
        await press(nobody, connections=1, seconds=0.2)
    with pytest.raises(WrongAnswer):
        await press_once(nobody)


def a_speed(per_second: float, p50_ms: float = 10) -> dict[str, float]:
    """A result of one target."""
    return {
        "per_second": per_second,
        "p50_ms": p50_ms,
        "p99_ms": 3 * p50_ms,
        "kilobytes": 100.0,
    }


def test_the_report_says_which_bars_were_missed(tmp_path: Path) -> None:
    found = {
        pages.RAW: a_speed(1000),
        pages.OURS_JSON: a_speed(900),
        pages.OURS_HTML: a_speed(400),
        pages.named(pages.OURS_JSON, pages.WHILE_CHANGING): a_speed(800),
        pages.named(pages.OURS_HTML, pages.WHILE_CHANGING): a_speed(700),
        "FastAPI + SQLAlchemy Core, JSON": a_speed(300),
        "FastAPI + SQLAlchemy ORM, JSON": a_speed(150),
        "FastAPI + SQLAlchemy ORM, HTML": a_speed(100),
        "Flask + SQLAlchemy ORM, JSON": a_speed(150),
        "Flask + SQLAlchemy ORM, HTML": a_speed(100),
        "Django ORM, JSON": a_speed(110),
        "Django ORM, HTML": a_speed(90),
    }
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "pages.json").write_text(json.dumps(found))
    facts = {"load": 0.1, "postgres": "18", "garages": 3, "jobs": 500}
    facts |= {"connections": 32, "rounds": 2, "seconds": 1.0}
    report.write(tmp_path / "b.md", tmp_path / "results", facts, tmp_path / "no-notes.md")
    lines = (tmp_path / "b.md").read_text().splitlines()
    [card_list] = [line for line in lines if line.startswith("| card list, JSON, of bare")]
    [board] = [line for line in lines if line.startswith("| board, HTML, of bare")]
    assert card_list.endswith("| ≥ 0.85 | 0.90 | ✓ |")
    assert board.endswith("| ≥ 0.7 | 0.40 | **missed** |")
    changing = [line for line in lines if line.startswith("| the same while 10 jobs a second")]
    assert [line.rpartition("bare ASGI + asyncpg, JSON ")[2] for line in changing] == [
        "| ≥ 0.85 | 0.80 | **missed** |",
        "| ≥ 0.7 | 0.70 | ✓ |",
    ]
    assert not [line for line in lines if "clean-up" in line]


WRITES = {"p50": 2, "p99": 20, "most": 90, "over_50_ms": 3, "writes": 500}
WRITES |= {"blocked_most": 40, "blocked_over_50_ms": 0}


def a_clean_up(**values: object) -> dict[str, object]:
    """A result of cleaning up, of which a test changes what it is about."""
    reads = a_speed(300)
    found = {"by_hand_per_second": 20, "swept_per_second": 300, "seconds": 100}
    found |= {"expected": 400, "swept": 400, "reported": 400, "missed": 0}
    found |= {"doubtful": 100, "asked": 100, "garages": 200, "stale": 500}
    times = {"reads_before": reads, "reads_during": reads}
    times |= {"writes_before_ms": WRITES, "writes_during_ms": WRITES}
    return {**found, **times, **values}


@pytest.mark.parametrize(
    ("values", "missed"),
    [
        ({}, []),
        ({"swept_per_second": 239}, ["× one by one"]),
        ({"missed": 1, "swept": 399, "reported": 399}, ["missed | 0"]),
        ({"asked": 99}, ["missed | 0"]),
        ({"reported": 399}, ["missed | 0"]),
        ({"reads_during": a_speed(300, 16)}, ["p99 during"]),
        ({"writes_during_ms": {**WRITES, "blocked_most": 51}}, ["longest"]),
    ],
)
@pytest.mark.parametrize("part", ["sweep", "spread"])
def test_the_report_says_which_bars_a_clean_up_missed(
    tmp_path: Path, part: str, values: dict[str, object], missed: list[str]
) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / f"{part}.json").write_text(json.dumps(a_clean_up(**values)))
    facts = {"load": 0.1, "postgres": "18", "garages": 3, "jobs": 500}
    facts |= {"connections": 32, "rounds": 2, "seconds": 1.0}
    report.write(tmp_path / "b.md", tmp_path / "results", facts, tmp_path / "no-notes.md")
    text = (tmp_path / "b.md").read_text()
    found = [line for line in text.splitlines() if line.endswith("**missed** |")]
    assert len(found) == len(missed)
    assert all(what in line for line, what in zip(found, missed, strict=True))
    assert ("**200 garages**, 100,000 forgotten vehicles" in text) == (part == "spread")


async def test_garages_of_forgotten_vehicles_have_no_others_and_all_are_in_the_book(
    servers: Servers, tmp_path: Path
) -> None:
    place = Place(tmp_path, servers.postgres, servers.valkey, database="garagist_bench_spread")
    plan = Plan(2, 40, forgotten=(100,)).with_on_site()
    with as_it_was():
        tenants = await generate(place, plan, _quietly, with_books=True)
    async with admin_of(place) as admin:
        rows = await admin.fetch(
            "select s.tenant_id, count(*) as stays, count(l.id) as entered,"
            " count(*) filter (where s.left_at is null) as open from vehicle_presence_stays s"
            " left join vehicle_presence_vat_lines l"
            " on l.tenant_id = s.tenant_id and l.stay_id = s.id group by s.tenant_id"
        )
    await servers.postgres.drop_database(place.database)
    assert {(row["stays"], row["open"], row["entered"]) for row in rows} == {
        (40 + ON_SITE, 40 + ON_SITE, 40 + ON_SITE)
    }
    assert {str(row["tenant_id"]) for row in rows} == set(tenants.values())


async def test_one_by_one_marks_that_many_and_those_of_the_warm_up(made: Pages) -> None:
    place, tenants = made
    slug = slug_of(PLAN, 2)
    with as_it_was():
        house = open_house(place.settings(), pooled=False)
        seconds = await by_hand.mark(house, slug, 5, place.admin_url)
        await house.close()
    async with admin_of(place) as admin:
        marked = await admin.fetchval(
            "select count(*) from vehicle_presence_stays where tenant_id = $1"
            " and closed_by = 'clock' and left_noted_at > now() - interval '1 day'",
            tenants[slug],
        )
    assert seconds > 0
    assert marked == 5 + by_hand.WARM_UP


async def test_guesses_are_wrong_in_four_ways_and_answered_alike(made: Pages) -> None:
    place, tenants = made
    with as_it_was():
        times = await guesses.measure(place, tenants, each=3)
    assert {kind: len(took) for kind, took in times.items()} == dict.fromkeys(times, 3)
    assert len(times) == 4
    assert min(took for each in times.values() for took in each) > 0


def test_a_kind_of_guess_that_always_takes_longer_is_found() -> None:
    assert guesses.longer([2, 3], [1, 1]) == 1
    assert guesses.longer([1, 2], [1, 2]) == 0.5


def test_the_peers_have_a_lock_of_their_own_with_hashes() -> None:
    root = Path(__file__).resolve().parents[2]
    lock = (root / "bench" / "requirements.lock").read_text()
    wished = [
        line.partition("[")[0].strip()
        for line in (root / "bench" / "requirements.in").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert all(f"\n{name}==" in f"\n{lock}" for name in wished)
    assert "--hash=sha256:" in lock
    assert "http" not in lock.replace("httpx", "").replace("httpcore", "")
    assert "django" not in (root / "requirements-dev.lock").read_text()
