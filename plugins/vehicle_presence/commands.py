"""`garagist presence`: the clean-up by hand."""

import json
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from core.background.console import console
from plugins.vehicle_presence.services import NAME
from plugins.vehicle_presence.sweep import SweepReport, Verdict, look, sweep

presence = typer.Typer(
    name="presence", help="Vehicles on site.", no_args_is_help=True, add_completion=False
)


@presence.callback()
def _group() -> None:
    """Vehicles on site."""


@presence.command("sweep")
def sweep_command(
    garage: Annotated[
        str | None, typer.Option(help="One garage's subdomain; all without it.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say only what would be done.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Mark vehicles off site whose work is over, and list the doubtful ones."""

    async def work(session: AsyncSession) -> SweepReport:
        return await (look(session) if dry_run else sweep(session))

    reports = console().in_garages(NAME, garage, work)
    if as_json:
        typer.echo(json.dumps({slug: _plain(report) for slug, report in reports}, indent=2))
        return
    for slug, report in reports:
        verb = "would be marked" if dry_run else "marked"
        typer.echo(f"{slug}: {len(report.marked)} {verb} off site, {len(report.doubtful)} doubtful")
        for verdict in report.marked:
            left = verdict.left_at.isoformat(timespec="minutes") if verdict.left_at else ""
            typer.echo(f"  job {_job(verdict)}  off site {left}  ({_reason(verdict)})")
        for verdict in report.doubtful:
            typer.echo(f"  job {_job(verdict)}  ask a person ({verdict.doubt})")


def _job(verdict: Verdict) -> str:
    return f"{verdict.candidate.sequence_number:>5}  {verdict.candidate.plate}"


def _reason(verdict: Verdict) -> str:
    return ", ".join(
        f"{name} {value}" for name, value in verdict.evidence.items() if name != "moment"
    )


def _plain(report: SweepReport) -> dict[str, list[dict[str, object]]]:
    def row(verdict: Verdict) -> dict[str, object]:
        return {
            "job": verdict.candidate.sequence_number,
            "plate": verdict.candidate.plate,
            "left_at": verdict.left_at.isoformat() if verdict.left_at else None,
            "evidence": verdict.evidence,
            "doubt": verdict.doubt,
        }

    return {
        "marked": [row(each) for each in report.marked],
        "doubtful": [row(each) for each in report.doubtful],
    }
