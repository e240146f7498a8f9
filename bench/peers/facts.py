"""What the peers agree on: where the data is, whose host means which garage, the card's shape."""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core.workshop.vehicles.plates import display_plate

DATABASE_URL = os.environ.get("BENCH_DATABASE_URL", "")
"""As the application role: row level security applies to the peers too."""
PAGE = 60
LANGUAGE = "nl"
ZONE = ZoneInfo("Europe/Brussels")
STALE_AFTER_DAYS, AGEING_AFTER_DAYS = 21, 8
TENANTS_SQL = "select slug, id from tenants"


def tenants_of_environment() -> dict[str, UUID]:
    """Subdomain → garage, as the benchmark wrote it down: the platform's table is out of the
    application role's reach."""
    pairs = (pair.split("=") for pair in os.environ.get("BENCH_TENANTS", "").split(",") if pair)
    return {slug: UUID(tenant) for slug, tenant in pairs}


TENANTS = tenants_of_environment()


def tenant_of_host(host: str) -> UUID:
    """The garage behind a Host header."""
    return TENANTS[host.partition(".")[0]]


def today() -> date:
    """On the garage's calendar."""
    return datetime.now(UTC).astimezone(ZONE).date()


def band_of(days: int) -> str:
    """How long is long."""
    if days > STALE_AFTER_DAYS:
        return "long"
    return "ageing" if days >= AGEING_AFTER_DAYS else "fresh"


def days_inside(arrived_at: datetime) -> int:
    """Nights since then on the garage's calendar."""
    return (today() - arrived_at.astimezone(ZONE).date()).days


def task_in_language(labels: Mapping[str, str] | None) -> str | None:
    """The label in the person's language."""
    return None if labels is None else labels.get(LANGUAGE) or labels.get("en")


def card(
    *,
    stay_id: Any,
    job_id: Any,
    job_number: int,
    plate: tuple[str, str, str],
    customer: str,
    vehicle: tuple[str | None, str | None, str | None],
    status: str,
    task: str | None,
    estimated_completion: date | None,
    arrived_at: datetime,
) -> dict[str, Any]:
    """A card as all of them answer it. `plate` is (normalised, country, typed)."""
    days = days_inside(arrived_at)
    return {
        "stay_id": str(stay_id),
        "job_id": str(job_id),
        "job_number": job_number,
        "plate": display_plate(*plate),
        "plate_country": plate[1],
        "customer": customer,
        "make": vehicle[0],
        "model": vehicle[1],
        "colour": vehicle[2],
        "status": status,
        "task": task,
        "estimated_completion": estimated_completion,
        "arrived_at": arrived_at,
        "days_inside": days,
        "band": band_of(days),
    }
