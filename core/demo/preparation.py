"""The demo's database: made afresh until it was filled completely once."""

import asyncio
import json
import shutil
from pathlib import Path

from core.demo.data import fill_demo
from core.embedded.postgres import EmbeddedPostgres
from core.house import migrate_schema, open_house
from core.settings import Settings

DATABASE = "garagist"
RESULT_FILE = "demo.json"


def prepare_schema(postgres: EmbeddedPostgres, settings: Settings, *, fresh: bool) -> None:
    """Create the database and migrate it; `fresh` throws a half-filled one away first."""

    async def work() -> None:
        if fresh:
            await postgres.drop_database(DATABASE)
        await postgres.ensure_database(DATABASE)
        await migrate_schema(settings)

    asyncio.run(work())


def prepare_data(settings: Settings, folder: Path) -> None:
    """Fill the demo and write `demo.json`: its being there says that the filling succeeded."""
    shutil.rmtree(folder / "storage", ignore_errors=True)

    async def work() -> None:
        house = open_house(settings, pooled=False)
        try:
            facts = await fill_demo(house)
        finally:
            await house.close()
        unfinished = folder / f"{RESULT_FILE}.part"
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(facts, indent=2, ensure_ascii=False))
        unfinished.rename(folder / RESULT_FILE)

    asyncio.run(work())
