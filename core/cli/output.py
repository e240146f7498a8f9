"""Answers of commands: a table for people, JSON for scripts."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def show(rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str = "Nothing.") -> None:
    """Rows with the same keys, which become the columns."""
    if as_json:
        typer.echo(json.dumps([dict(row) for row in rows], indent=2, default=str))
        return
    if not rows:
        typer.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    Console(soft_wrap=True).print(table)


def say(text: str, *, as_json: bool = False, **values: Any) -> None:
    """One outcome: a sentence, or its values in JSON."""
    typer.echo(json.dumps(values, default=str) if as_json else text)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)
