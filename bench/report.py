"""docs/benchmarks.md: the ratios of one run, what they were measured on, and what they miss."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.pages import AFRESH, OURS_HTML, OURS_JSON, RAW, WHILE_CHANGING, named

PEERS = ("django", "flask", "fastapi", "pydantic", "psycopg", "sqlalchemy", "asyncpg")
VERSIONS = ("granian", "litestar", "sqlalchemy", "asyncpg", "msgspec", "jinja2", "pillow")
Bar = tuple[str, str, str, bool]
"""What, the bar, what was measured, whether it was reached."""


def write(target: Path, results: Path, facts: Mapping[str, Any], notes: Path) -> None:
    """Put together whatever was measured; parts that were not are said to be missing."""
    found = {file.stem: json.loads(file.read_text()) for file in sorted(results.glob("*.json"))}
    bars = [
        bar
        for part in (_pages, _forgotten, _sweep, _spread, _uploads, _thumbnails)
        for bar in part(found)
    ]
    text = "\n".join(
        [
            "# Benchmarks",
            "",
            "Written by `make bench`; do not edit. Only ratios of one run carry over to another machine.",
            "",
            *_setting(facts),
            "",
            "## Against the bars",
            "",
            "| | bar | measured | |",
            "|---|---|---|---|",
            *(
                f"| {what} | {bar} | {value} | {'✓' if ok else '**missed**'} |"
                for what, bar, value, ok in bars
            ),
            "",
            *_tables(found),
            *(notes.read_text().splitlines() if notes.exists() else []),
            "",
        ]
    )
    target.write_text(text)


def _setting(facts: Mapping[str, Any]) -> list[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    listed = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return [
        "| | |",
        "|---|---|",
        f"| date | {datetime.now(UTC):%Y-%m-%d %H:%M} UTC |",
        f"| machine | {os.cpu_count()} processors ({platform.machine()}), {memory:.0f} GB; load generator,"
        " servers and PostgreSQL share them |",
        f"| load before | {facts['load']:.1f} waiting processes (1 minute) |",
        f"| versions | Python {platform.python_version()}, {listed}, PostgreSQL {facts['postgres']} |",
        f"| peers | {', '.join(_peers())} |",
        f"| data | {facts['garages']} garages × {facts['jobs']:,} jobs, 60 vehicles on site in each; a third"
        " of the garages has 0, 10 and 50 % of its older jobs forgotten *in* |",
        f"| method | one server process each (granian), {facts['connections']} connections with keep-alive,"
        f" {facts['rounds']} interleaved rounds of {facts['seconds']:g} s, medians |",
    ]


def _peers() -> list[str]:
    """The versions of what we are compared with, as they are locked."""
    lock = (Path(__file__).parent / "requirements.lock").read_text().splitlines()
    pinned = dict(line.split()[0].partition("==")[::2] for line in lock if "==" in line)
    return [f"{name} {pinned[name]}" for name in PEERS]


def _pages(found: Mapping[str, Any]) -> list[Bar]:
    pages = found.get("pages")
    if pages is None:
        return []
    speed = {name: each["per_second"] for name, each in pages.items()}
    bars: list[Bar] = []
    for what, name, least in (
        ("card list, JSON", OURS_JSON, 0.85),
        (f"the same {WHILE_CHANGING}", named(OURS_JSON, WHILE_CHANGING), 0.85),
        ("board, HTML", OURS_HTML, 0.7),
        (f"the same {WHILE_CHANGING}", named(OURS_HTML, WHILE_CHANGING), 0.7),
    ):
        ratio = speed[name] / speed[RAW]
        bars.append((f"{what}, of {RAW}", f"≥ {least:g}", f"{ratio:.2f}", ratio >= least))
    for kind, ours in (("JSON", OURS_JSON), ("HTML", OURS_HTML)):
        for peer in ("Flask + SQLAlchemy ORM", "Django ORM"):
            ratio = speed[ours] / speed[f"{peer}, {kind}"]
            bars.append((f"{kind} × {peer}", "≥ 4", f"{ratio:.1f}", ratio >= 4))
        for peer in ("FastAPI + SQLAlchemy Core", "FastAPI + SQLAlchemy ORM"):
            if f"{peer}, {kind}" in speed:
                ratio = speed[ours] / speed[f"{peer}, {kind}"]
                bars.append((f"{kind} × {peer}", "> 1", f"{ratio:.1f}", ratio > 1))
    return bars


def _forgotten(found: Mapping[str, Any]) -> list[Bar]:
    measured = found.get("forgotten")
    if measured is None:
        return []
    bars: list[Bar] = []
    for name in (
        OURS_JSON,
        OURS_HTML,
        named(OURS_JSON, AFRESH),
        named(OURS_HTML, AFRESH),
    ):
        none, half = (measured[f"{name}, {share} %"]["p50_ms"] for share in (0, 50))
        bars.append(
            (
                f"{name}: p50 with 50 % forgotten",
                "≤ 1.1 × none",
                f"{half / none:.2f}",
                half <= 1.1 * none,
            )
        )
    return bars


def _sweep(found: Mapping[str, Any]) -> list[Bar]:
    swept = found.get("sweep")
    return [] if swept is None else _cleaned(swept, "the clean-up")


def _spread(found: Mapping[str, Any]) -> list[Bar]:
    swept = found.get("spread")
    if swept is None:
        return []
    return _cleaned(swept, f"the clean-up of {swept['garages']} garages")


def _cleaned(swept: Mapping[str, Any], what: str) -> list[Bar]:
    faster = swept["swept_per_second"] / swept["by_hand_per_second"]
    slower = swept["reads_during"]["p99_ms"] / swept["reads_before"]["p99_ms"]
    most = swept["writes_during_ms"]["blocked_most"]
    missed = swept["missed"] + swept["doubtful"] - swept["asked"]
    whole = swept["swept"] == swept["expected"] == swept["reported"] and missed == 0
    return [
        (f"{what} × one by one", "≥ 12", f"{faster:.0f}", faster >= 12),
        (f"vehicles that {what} missed", "0", str(missed), whole),
        (f"card list's p99 during {what}", "≤ 1.5 × before", f"{slower:.2f}", slower <= 1.5),
        (f"longest that {what} blocked a write", "≤ 50 ms", f"{most:.0f} ms", most <= 50),
    ]


UPLOADS = {
    "pieces": "ten photos of 11 MB at once",
    "form": "the same from a form without scripts",
}


def _uploads(found: Mapping[str, Any]) -> list[Bar]:
    sent = found.get("uploads")
    if sent is None:
        return []
    bars: list[Bar] = []
    for way, what in UPLOADS.items():
        ratio = sent["bare"]["sent_seconds"] / sent[way]["sent_seconds"]
        grown = sent[way]["grown_megabytes"]
        bars += [
            (f"{what}, until received, of bare ASGI", "≥ 0.9", f"{ratio:.2f}", ratio >= 0.9),
            (f"memory that {what} take", "≤ 10 MB", f"{grown:.0f} MB", grown <= 10),
        ]
    return bars


def _thumbnails(found: Mapping[str, Any]) -> list[Bar]:
    drawn = found.get("thumbnails")
    if drawn is None:
        return []
    ratio = drawn["ours_seconds"] / drawn["naive_seconds"]
    return [
        ("processor time of a photo's two sizes, of naive", "≤ 0.2", f"{ratio:.2f}", ratio <= 0.2)
    ]


def _tables(found: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    if "pages" in found:
        base = found["pages"][RAW]["per_second"]
        lines += [
            "## The same list elsewhere",
            "",
            "Sixty vehicles on site, joined with job, customer, vehicle and current task, under row level"
            " security. Garagist answers with login, gate and security headers; the others answer whoever asks."
            " Garagist's page is the whole board with its menu and forms, theirs is a bare table.",
            "",
            "| | of bare, JSON | answers/s | p50 | p99 | KB |",
            "|---|---|---|---|---|---|",
            *(
                f"| {name} | {each['per_second'] / base:.2f} | {each['per_second']:.0f} |"
                f" {each['p50_ms']:.0f} ms | {each['p99_ms']:.0f} ms | {each['kilobytes']:.1f} |"
                for name, each in found["pages"].items()
            ),
            "",
        ]
    if "forgotten" in found:
        lines += [
            "## Forgotten vehicles",
            "",
            "| | answers/s | p50 | p99 | KB |",
            "|---|---|---|---|---|",
            *(
                f"| {name} forgotten | {each['per_second']:.0f} | {each['p50_ms']:.0f} ms |"
                f" {each['p99_ms']:.0f} ms | {each['kilobytes']:.1f} |"
                for name, each in found["forgotten"].items()
            ),
            "",
        ]
    if "sweep" in found or "spread" in found:
        lines += [
            "## The clean-up",
            "",
            "The product's command in a process of its own, while four connections ask for the card list as"
            " fast as they are answered, and somebody writes in the garage that is being cleaned up: what an"
            " arrival needs, the register of the location and a vehicle on site. One by one is a loop over the"
            " verb behind the clock, in the same conditions.",
            "",
        ]
    if "sweep" in found:
        lines += [f"**One garage.** {_cleaned_text(found['sweep'])}", ""]
        lines += _meanwhile(found["sweep"])
    if "spread" in found:
        swept = found["spread"]
        many = swept["garages"] * swept["stale"]
        lines += [
            f"**{swept['garages']} garages**, {many:,} forgotten vehicles, one garage after the other."
            f" {_cleaned_text(swept)} It took {swept['seconds']:.0f} s.",
            "",
            *_meanwhile(swept),
        ]
    if "uploads" in found:
        sent = found["uploads"]
        lines += [
            "## Photos",
            "",
            f"Ten at once, {sent['megabytes']:.0f} MB: {sent['bare']['sent_seconds']:.3f} s until an application"
            " received them that only writes them to a file;"
            f" {sent['pieces']['sent_seconds']:.3f} s until Garagist did, sent by the page's script, and"
            f" {sent['pieces']['answered_seconds']:.2f} s until it had decoded each in its fenced process, stored"
            f" it and answered; {sent['form']['sent_seconds']:.3f} s and"
            f" {sent['form']['answered_seconds']:.2f} s from a form without scripts.",
            "",
        ]
    if "thumbnails" in found:
        drawn = found["thumbnails"]
        lines += [
            f"Both sizes of a photo of twelve megapixels: {drawn['ours_seconds']:.2f} s of processor time and"
            f" {drawn['ours_kilobytes']:.0f} KB; {drawn['naive_seconds']:.2f} s and"
            f" {drawn['naive_kilobytes']:.0f} KB if each size begins with all pixels.",
            "",
        ]
    return lines


def _cleaned_text(swept: Mapping[str, Any]) -> str:
    return (
        f"{swept['swept']:,} of {swept['expected']:,} vehicles whose job proves when they left, at"
        f" {swept['swept_per_second']:.0f}/s, and {swept['asked']:,} of {swept['doubtful']:,} put before a"
        f" person; one by one {swept['by_hand_per_second']:.0f}/s."
    )


def _meanwhile(swept: Mapping[str, Any]) -> list[str]:
    before, during = swept["writes_before_ms"], swept["writes_during_ms"]
    reads = swept["reads_before"], swept["reads_during"]
    return [
        "| | before | during |",
        "|---|---|---|",
        f"| card list, p50 | {reads[0]['p50_ms']:.1f} ms | {reads[1]['p50_ms']:.1f} ms |",
        f"| card list, p99 | {reads[0]['p99_ms']:.1f} ms | {reads[1]['p99_ms']:.1f} ms |",
        f"| a write in the same garage, p99 | {before['p99']:.1f} ms | {during['p99']:.1f} ms |",
        f"| the longest | {before['most']:.0f} ms | {during['most']:.0f} ms |",
        f"| longer than 50 ms, of all | {before['over_50_ms']} of {before['writes']} |"
        f" {during['over_50_ms']} of {during['writes']} |",
        f"| the longest that one waited for a lock | {before['blocked_most']:.0f} ms |"
        f" {during['blocked_most']:.0f} ms |",
        f"| waited longer than 50 ms for locks | {before['blocked_over_50_ms']} |"
        f" {during['blocked_over_50_ms']} |",
        "",
    ]
