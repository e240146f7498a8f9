"""Which vehicles the board shows: everything that can be asked for lives in the address."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

BANDS = ("fresh", "ageing", "long")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "waiting": ("new", "planned"),
    "working": ("in_progress",),
    "finished": ("ready", "delivered", "invoiced", "cancelled"),
}
"""Groups of a job's status: not begun, under way, over."""
WHEREABOUTS = ("out", "here")
LONGEST_TEXT = 100
ESCAPE = "/"


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody asked the board for; empty means all."""

    q: str = ""
    band: str = ""
    status: str = ""
    location: str = ""
    absent: str = ""
    overdue: str = ""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """From an address; what makes no sense is left out."""

        def among(name: str, known: Any) -> str:
            value = str(values.get(name) or "")
            return value if value in known else ""

        return cls(
            q=str(values.get("q") or "").replace("\x00", "").strip()[:LONGEST_TEXT],
            band=among("band", BANDS),
            status=among("status", GROUPS),
            location=_known_id(str(values.get("location") or "")),
            absent=among("absent", WHEREABOUTS),
            overdue=among("overdue", ("yes",)),
        )

    @classmethod
    def of_query(cls, query: str) -> Self:
        """From what :meth:`query` wrote."""
        return cls.read(dict(parse_qsl(query)))

    def query(self) -> str:
        """The one way to write these filters into an address; empty where nothing is asked."""
        return urlencode({name: value for name, value in asdict(self).items() if value})

    def but(self, **values: str) -> Self:
        """The same with some of them changed."""
        return replace(self, **values)

    @property
    def location_id(self) -> UUID | None:
        """The location that was asked for."""
        return UUID(self.location) if self.location else None


def _known_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def pattern(text: str) -> str:
    """For LIKE: contains exactly that."""
    for special in (ESCAPE, "%", "_"):
        text = text.replace(special, ESCAPE + special)
    return f"%{text}%"
