"""A visit to the Spanish portal of a garage, in a process whose tree has a Spanish catalogue.

`python -m tests.spanish_visit` reads settings as JSON and prints as JSON what the visitor got.
"""

import asyncio
import json
import sys

from core.app import app_of
from core.house import open_house
from core.settings import Settings
from tests.conftest import new_slug
from tests.garages import open_test_garage

PATHS = ("/es", "/es/estimate/vehicle", "/es/status", "/robots.txt")


async def visit(settings: Settings) -> dict[str, list[object]]:
    """Path → status and text."""
    house = open_house(settings)
    app = app_of(house)
    garage = await open_test_garage(
        house, app, slug=new_slug(), plugins=("self_service_portal",), languages=("es", "nl")
    )
    answers = {path: await garage.browser().get(path) for path in PATHS}
    await house.close()
    return {path: [answer.status_code, answer.text] for path, answer in answers.items()}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(visit(Settings.model_validate_json(sys.stdin.read())))))
