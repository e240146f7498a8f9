"""`garagist vat-book`: checking and closing registers by hand."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from core.background.console import console
from core.web.moments import parse_day
from core.workshop.audit.services import SYSTEM
from core.workshop.locations import repository as locations
from plugins.vehicle_presence.services import NAME
from plugins.vehicle_presence.vat_book import closing_repository, repository
from plugins.vehicle_presence.vat_book.anchors import Kept, kept_file
from plugins.vehicle_presence.vat_book.closing import close_months, read_signed, sha256
from plugins.vehicle_presence.vat_book.exports import export
from plugins.vehicle_presence.vat_book.models import VatBook
from plugins.vehicle_presence.vat_book.periods import Period, Selection
from plugins.vehicle_presence.vat_book.verification import Finding, check_and_note

vat_book = typer.Typer(
    name="vat-book",
    help="The legal registers of vehicles.",
    no_args_is_help=True,
    add_completion=False,
)
Garage = Annotated[str | None, typer.Option(help="One garage's subdomain; all without it.")]
OneLocation = Annotated[
    str | None, typer.Option(help="Only the location with this id or this name.")
]
Anchors = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True, dir_okay=False, help="A signed closing that somebody kept; several times."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


@vat_book.callback()
def _group() -> None:
    """The legal registers of vehicles."""


@vat_book.command("verify")
def verify(
    garage: Garage = None,
    location: OneLocation = None,
    anchor: Anchors = None,
    as_json: AsJson = False,
) -> None:
    """Check chains, numbers and closed months; and, with `--anchor`, against the signed files that
    were mailed. Exit code 1 where something is wrong."""
    kept = _kept(anchor or [])
    strangers = {each.location_id: each.name for each in kept}

    async def work(session: AsyncSession) -> list[tuple[str, Finding]]:
        found = []
        for name, book in await _chosen(session, location):
            strangers.pop(book.location_id, None)
            found.append((name, await check_and_note(session, book, kept)))
        return found

    reports = console().in_garages(NAME, garage, work, once_on=True)
    for name in strangers.values():
        typer.echo(f"{name}: BROKEN, the book that it was signed over is not here", err=True)
    if as_json:
        answer = {
            slug: [{"location": name, **finding.plain()} for name, finding in findings]
            for slug, findings in reports
        }
        typer.echo(json.dumps(answer, indent=2))
    else:
        for slug, findings in reports:
            for name, finding in findings:
                _tell(slug, name, finding)
    is_sound = all(finding.is_sound for _slug, findings in reports for _name, finding in findings)
    if strangers or not is_sound:
        raise typer.Exit(1)


def _kept(files: list[Path]) -> list[Kept]:
    found = []
    for file in files:
        kept = kept_file(file.name, file.read_bytes())
        if kept is None:
            raise typer.BadParameter(f"{file} is no signed closing of ours, or was changed")
        found.append(kept)
    return found


@vat_book.command("close")
def close(
    garage: Garage = None,
    location: OneLocation = None,
    at_once: Annotated[
        bool,
        typer.Option("--now", help="Every month that is over, without waiting some days."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Close the months that are due, as is done every night."""

    async def work(session: AsyncSession) -> dict[str, list[str]]:
        return {
            name: [
                f"{closing.month:%Y-%m}"
                for closing in await close_months(session, book.location_id, at_once=at_once)
            ]
            for name, book in await _chosen(session, location)
        }

    reports = console().in_garages(NAME, garage, work)
    if as_json:
        typer.echo(json.dumps(dict(reports), indent=2))
        return
    for slug, closed in reports:
        for name, months in closed.items():
            typer.echo(f"{slug}, {name}: {', '.join(months) or 'nothing to close'}")


@vat_book.command("export")
def export_files(
    *,
    garage: Annotated[str, typer.Option(help="The garage's subdomain.")],
    location: OneLocation = None,
    month: Annotated[str | None, typer.Option(help="A month, such as 2026-10.")] = None,
    since: Annotated[str | None, typer.Option(help="Or the first day, such as 2026-10-01.")] = None,
    until: Annotated[str | None, typer.Option(help="And the last day.")] = None,
    file_format: Annotated[
        Literal["pdf", "xlsx", "csv"], typer.Option("--format", help="What the files are.")
    ] = "pdf",
    folder: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Where the files are put.")
    ] = Path(),
) -> None:
    """Write the rows of a period into files, one for each location; also where the plugin is
    switched off by now."""
    period = _period(month, since, until)

    async def work(session: AsyncSession) -> list[Path]:
        written = []
        for name, book in await _chosen(session, location):
            selection = Selection(book.location_id, period)
            made = await export(session, selection, file_format, SYSTEM)
            target = folder / f"{_file_name(name)}-{made.name}"
            target.write_bytes(made.body)
            written.append(target)
        return written

    ((_slug, written),) = console().in_garages(NAME, garage, work, once_on=True)
    for target in written:
        typer.echo(str(target))
    if not written:
        typer.echo("there is no register of that garage and location", err=True)
        raise typer.Exit(1)


def _period(month: str | None, since: str | None, until: str | None) -> Period:
    begin = parse_day(f"{month}-01" if month else since)
    if begin is None:
        raise typer.BadParameter("say --month 2026-10, or --since 2026-10-01 --until 2026-10-31")
    if month:
        return Period.month_of(begin)
    end = parse_day(until)
    if end is None or end < begin:
        raise typer.BadParameter("--until must be a day such as 2026-10-31, not before --since")
    return Period(begin, end)


def _file_name(location: str) -> str:
    """A location's name as a file may have it."""
    return re.sub(r"[^\w-]+", "-", location).strip("-") or "location"


@vat_book.command("verify-export")
def verify_export(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A file that was handed out.")
    ],
    garage: Garage = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a PDF, XLSX, CSV or signed closing is ours and unchanged, and whether the
    register still holds what it was made of. Exit code 1 where it is not."""
    body = file.read_bytes()

    async def work(session: AsyncSession) -> dict[str, Any] | None:
        return await _recognised(session, body)

    found = [
        {"garage": slug, **facts}
        for slug, facts in console().in_garages(NAME, garage, work, once_on=True)
        if facts is not None
    ]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    for facts in [] if as_json else found:
        state = "still holds" if facts["sound"] else "does NOT hold"
        typer.echo(
            f"{facts['garage']}: {facts['what']}, made {facts['made_at']}; unchanged. The"
            f" register {state} the {facts['position']} lines that it was made of."
        )
    if not found and not as_json:
        typer.echo("not a file of ours, or changed since it was made")
    if not found or not all(facts["sound"] for facts in found):
        raise typer.Exit(1)


async def _recognised(session: AsyncSession, body: bytes) -> dict[str, Any] | None:
    export = await closing_repository.export_by_hash(session, sha256(body))
    if export is not None:
        return {
            "what": f"{export.format} of {export.first_day} to {export.last_day}",
            "made_at": export.made_at.isoformat(timespec="seconds"),
            "position": export.position,
            "sound": await _holds(session, export.location_id, export.position, export.head),
        }
    facts = read_signed(body)
    if facts is None:
        return None
    location_id = UUID(facts["location"]["id"])
    if await repository.book_of(session, location_id) is None:
        return None
    return {
        "what": f"closing of {facts['month']}",
        "made_at": facts["closed_at"],
        "position": facts["position"],
        "sound": await _holds(session, location_id, facts["position"], facts["head"]),
    }


async def _holds(session: AsyncSession, location_id: UUID, position: int, head: str) -> bool:
    """Whether the chain still has that line at that place, and is sound up to its end."""
    book = await repository.book_of(session, location_id)
    if book is None:
        return False
    line = await repository.line_at(session, location_id, position)
    is_there = position == 0 or (line is not None and line.hash == head)
    return is_there and (await check_and_note(session, book)).broken is None


async def _chosen(session: AsyncSession, location: str | None) -> list[tuple[str, VatBook]]:
    names = {each.id: each.name for each in await locations.everywhere(session)}
    return [
        (names.get(book.location_id, str(book.location_id)), book)
        for book in await repository.books(session)
        if location in {None, str(book.location_id), names.get(book.location_id)}
    ]


def _tell(slug: str, name: str, finding: Finding) -> None:
    where = f"{slug}, {name}"
    if finding.is_sound:
        typer.echo(
            f"{where}: sound; {finding.lines} lines, rows 1 to {finding.rows},"
            f" {finding.anchors} closed months"
        )
    if finding.broken is not None:
        row = f" (row {finding.broken.number})" if finding.broken.number else ""
        typer.echo(f"{where}: BROKEN at line {finding.broken.position}{row}: {finding.broken.what}")
    for problem in finding.due_problems:
        typer.echo(f"{where}: WRONG in the list of missing invoice references: {problem}")
    for problem in finding.anchor_problems:
        typer.echo(f"{where}: BROKEN, closed month {problem}")
