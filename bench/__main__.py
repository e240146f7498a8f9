"""`python -m bench`: generate what is missing, measure, write docs/benchmarks.md.

Parts can be measured on their own, and again: the report is put together from the newest result of
each, which are kept beside the data. `spread` cleans up `--stale` forgotten vehicles in each of
`--garages` garages that it makes for itself, so alone it needs none of the others:

    python -m bench spread --garages 200 --stale 500
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bench import pages, photos, report, sweep, uploads
from bench.generate import Plan, generate
from bench.places import Place, running
from bench.servers import ROOT
from core.embedded.postgres import ADMIN

PARTS = ("pages", "forgotten", "sweep", "spread", "uploads", "thumbnails")
REPORT = ROOT / "docs" / "benchmarks.md"
NOTES = ROOT / "bench" / "notes.md"


@dataclass(frozen=True, slots=True)
class Asked:
    """How much to measure."""

    garages: int
    jobs: int
    sweep_jobs: int
    stale: int
    rounds: int
    seconds: float
    connections: int


FULL = Asked(
    garages=200, jobs=20_000, sweep_jobs=20_000, stale=500, rounds=5, seconds=8, connections=32
)
QUICK = Asked(garages=6, jobs=1000, sweep_jobs=1500, stale=200, rounds=2, seconds=2, connections=32)


def measure(
    place: Place, tenants: Mapping[str, str], asked: Asked, python: str
) -> dict[str, Callable[[], dict[str, Any]]]:
    """Part → what measures it."""
    how = {"rounds": asked.rounds, "seconds": asked.seconds, "connections": asked.connections}
    return {
        "pages": lambda: pages.compare(place, tenants, python, **how),  # type: ignore[arg-type]
        "forgotten": lambda: pages.forgotten(place, tenants, **how),  # type: ignore[arg-type]
        "sweep": lambda: sweep.measure(
            place, tenants, jobs=asked.sweep_jobs, seconds=asked.seconds
        ),
        "spread": lambda: sweep.spread(
            place, garages=asked.garages, stale=asked.stale, seconds=asked.seconds, say=_say
        ),
        "uploads": lambda: uploads.uploads(place, tenants, rounds=asked.rounds),
        "thumbnails": lambda: photos.thumbnails(place, rounds=asked.rounds),
    }


def main() -> None:
    """The command."""
    options = _options()
    asked = _asked(options)
    load = os.getloadavg()[0]
    results = options.data_dir.resolve() / "results"
    with running(options.data_dir) as place:
        parts = options.parts or PARTS
        tenants: dict[str, str] = {}
        if set(parts) != {"spread"}:
            _say(f"{asked.garages} garages × {asked.jobs} jobs in {place.folder}")
            tenants = asyncio.run(generate(place, Plan(asked.garages, asked.jobs), _say))
        facts = {"load": load, "postgres": asyncio.run(_version(place)), **asdict(asked)}
        works = measure(place, tenants, asked, options.peers_python)
        for part in parts:
            began = time.monotonic()
            _say(f"{part} …")
            pages.save(results / f"{part}.json", works[part]())
            _say(f"{part}: {time.monotonic() - began:.0f} s")
    report.write(options.report, results, facts, NOTES)
    _say(f"written: {options.report}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all without"
    )
    parser.add_argument("--quick", action="store_true", help="two minutes on little data")
    for name in ("garages", "jobs", "sweep-jobs", "stale", "rounds", "connections"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--seconds", type=float, help="of a round")
    parser.add_argument("--data-dir", type=Path, help="kept for the next time")
    parser.add_argument("--peers-python", default=str(ROOT / ".venv/bench/bin/python"))
    parser.add_argument("--report", type=Path, default=REPORT)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if options.data_dir is None:
        options.data_dir = ROOT / ".bench" / ("quick" if options.quick else "full")
    return options


def _asked(options: argparse.Namespace) -> Asked:
    given = {
        name: getattr(options, name)
        for name in Asked.__slots__
        if getattr(options, name) is not None
    }
    return Asked(**{**asdict(QUICK if options.quick else FULL), **given})


async def _version(place: Place) -> str:
    admin = await asyncpg.connect(place.postgres.url(ADMIN, "postgres"))
    try:
        found: str = await admin.fetchval("show server_version")
        return found
    finally:
        await admin.close()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
