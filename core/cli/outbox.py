"""Commands about mails and other effects that were given up."""

from typing import Annotated, Any
from uuid import UUID

import typer

from core.cli.garages import OPERATOR, Garage, Reason
from core.cli.house_console import in_house
from core.cli.output import AsJson, say, show
from core.house import House
from core.settings import load_settings
from core.workshop.notifications.repository import PAGE
from tenants.given_up import given_up, try_given_up_again

outbox = typer.Typer(
    name="outbox", help="Mails and other effects that were given up.", no_args_is_help=True
)


@outbox.command("list")
def list_given_up(garage: Garage, as_json: AsJson = False) -> None:
    """What was given up in a garage, with the last error of each."""

    async def work(house: House) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after: UUID | None = None
        while True:
            found = await given_up(house.database, house.directory, garage, after)
            rows += [
                {
                    "id": each.id,
                    "what": each.payload.get("template", each.effect),
                    "since": each.created_at,
                    "given_up": each.dead_at,
                    "attempts": each.attempts,
                    "last_error": each.last_error,
                }
                for each in found
            ]
            if len(found) < PAGE:
                return rows
            after = found[-1].id

    show(in_house(load_settings(), work), as_json=as_json, empty="Nothing was given up.")


@outbox.command("retry")
def retry(
    garage: Garage,
    reason: Reason,
    entry: Annotated[
        UUID | None, typer.Option(help="One entry, by its id in the list; without it: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have it tried again, as if for the first time."""

    async def work(house: House) -> int:
        return await try_given_up_again(
            house.database, house.directory, garage, OPERATOR, reason=reason, entry_id=entry
        )

    count = in_house(load_settings(), work)
    say(f"{count} will be tried again.", as_json=as_json, garage=garage, tried_again=count)
