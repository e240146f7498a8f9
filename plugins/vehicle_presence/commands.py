"""`garagist presence`: the clean-up by hand."""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from core.background.console import console
from core.hooks.contributions import Again
from core.priority import give_way
from core.tenancy.context import current_tenant
from plugins.vehicle_presence.cleanup.models import CleanupRun
from plugins.vehicle_presence.cleanup.rules import Verdict
from plugins.vehicle_presence.cleanup.sweep import SweepReport, advance, begin, look
from plugins.vehicle_presence.settings import NAME

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
    """Mark vehicles off site whose work is over, and list the doubtful ones. Pages go first."""
    give_way()
    reports = console().in_garages(NAME, garage, look if dry_run else _by_hand())
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


def _by_hand() -> Callable[[AsyncSession], Awaitable[SweepReport | Again]]:
    """Work for one garage after the other, each in as many parts as it takes."""
    begun: dict[UUID, tuple[CleanupRun, SweepReport]] = {}

    async def work(session: AsyncSession) -> SweepReport | Again:
        tenant_id = current_tenant().id
        if tenant_id not in begun:
            begun[tenant_id] = await begin(session), SweepReport()
        run_id, report = begun[tenant_id][0].id, begun[tenant_id][1]
        run = await session.get_one(CleanupRun, (tenant_id, run_id))
        return await advance(session, run, report) or report

    return work


def _job(verdict: Verdict) -> str:
    return f"{verdict.candidate.sequence_number:>5}  {verdict.candidate.plate}"


def _reason(verdict: Verdict) -> str:
    return ", ".join(
        f"{name} {value}"
        for name, value in verdict.evidence.items()
        if name not in {"moment", "label"}
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
