"""What the owner of a garage decides about its portal: colours, logo, texts, questions, retention.

It is kept as JSON of a version that is named in it; whatever is not in it is as every garage
begins. Colours and texts are plain: no style sheet and no HTML is taken.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from core.i18n import current_language
from core.tenancy.context import current_tenant
from core.web.colours import nearest_readable
from core.web.site_look import Logo, SiteLook

ENTRIES = ("estimate", "repair", "status", "pictures")
QUESTIONS = ("mileage", "insurer", "claim_number", "courtesy_car")
NEEDS = ("hidden", "optional", "required")
TEXT_LIMITS: Mapping[str, int] = {
    "welcome": 80,
    "intro": 600,
    "next_steps": 1000,
    "status_foot": 600,
    "consent": 2000,
    "privacy": 10_000,
}
"""The texts that may be set per language, with how many characters they may have."""
FEWEST_DAYS, MOST_DAYS = 1, 30
LOGO_PATH = "/portal/logo"

Need = Literal["hidden", "optional", "required"]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Origin = Annotated[
    str, StringConstraints(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$", max_length=260)
]
Days = Annotated[int, Field(ge=FEWEST_DAYS, le=MOST_DAYS)]


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Texts(_Stored):
    """The garage's own words in one language; empty ones are said in ours."""

    welcome: str = Field("", max_length=TEXT_LIMITS["welcome"])
    intro: str = Field("", max_length=TEXT_LIMITS["intro"])
    next_steps: str = Field("", max_length=TEXT_LIMITS["next_steps"])
    status_foot: str = Field("", max_length=TEXT_LIMITS["status_foot"])
    consent: str = Field("", max_length=TEXT_LIMITS["consent"])
    privacy: str = Field("", max_length=TEXT_LIMITS["privacy"])


class StoredLogo(_Stored):
    """A logo that was drawn afresh, as it lies in the storage."""

    key: str
    sha256: str
    width: int
    height: int

    @property
    def file_name(self) -> str:
        """Its name in addresses, which another picture never has."""
        return f"{self.sha256[:20]}.webp"


class Look(_Stored):
    """All of it. A colour that is None follows the garage's own."""

    version: Literal[1] = 1
    brand: Colour | None = None
    accent: Colour | None = None
    logo: StoredLogo | None = None
    texts: dict[str, Texts] = Field(default_factory=dict)
    mileage: Need = "hidden"
    insurer: Need = "hidden"
    claim_number: Need = "hidden"
    courtesy_car: Need = "hidden"
    repair_courtesy_car: bool = True
    hidden_entries: tuple[Literal["estimate", "repair", "status", "pictures"], ...] = ()
    embed_origins: tuple[Origin, ...] = ()
    draft_days: Days = 7
    photo_days: Days = 7

    @field_validator("photo_days")
    @classmethod
    def _not_after_the_draft(cls, days: int, info: ValidationInfo) -> int:
        if days > info.data.get("draft_days", days):
            raise ValueError("photos cannot be kept longer than what they belong to")
        return days

    @property
    def draft_life(self) -> timedelta:
        """How long a request that was not sent is kept after its last answer."""
        return timedelta(days=self.draft_days)

    @property
    def photo_life(self) -> timedelta:
        """How long the photos of a request that was not sent are kept."""
        return timedelta(days=self.photo_days)

    def need(self, question: str) -> Need:
        """Whether one of :data:`QUESTIONS` is asked, and must be answered."""
        need: Need = getattr(self, question)
        return need

    def said(self) -> Texts:
        """The garage's words in the current language."""
        return self.texts.get(current_language()) or Texts()

    def consent(self) -> tuple[str, str]:
        """What is asked consent to, and in which language that is: the reader's, else the first
        of the garage's in which it says something. Two empty texts where it asks none."""
        for language in (current_language(), *current_tenant().languages):
            words = self.texts.get(language)
            if words is not None and words.consent:
                return words.consent, language
        return "", ""

    def consents(self) -> set[str]:
        """Every wording of it."""
        return {words.consent for words in self.texts.values() if words.consent}

    def colours(self) -> tuple[str, str]:
        """The colour of the head of a page and that of buttons and links, which can be read."""
        brand = self.brand or current_tenant().brand_colour.lower()
        return brand, nearest_readable(self.accent or brand)

    def dress(self) -> SiteLook:
        """How pages look."""
        brand, accent = self.colours()
        logo = self.logo
        picture = Logo(f"{LOGO_PATH}/{logo.file_name}", logo.width, logo.height) if logo else None
        return SiteLook(brand, accent if accent != brand else None, picture)


_current: ContextVar[tuple[UUID, Look] | None] = ContextVar("portal_look", default=None)


def current_look() -> Look:
    """The look that the running request or mail has loaded for the garage in scope; where none
    was, what every garage begins with."""
    loaded = _current.get()
    return loaded[1] if loaded and loaded[0] == current_tenant().id else Look()


def set_look(look: Look) -> None:
    """Go by `look` until the end of the running request."""
    _current.set((current_tenant().id, look))


@contextmanager
def look_scope(look: Look) -> Iterator[Look]:
    """Go by `look` inside the block."""
    token = _current.set((current_tenant().id, look))
    try:
        yield look
    finally:
        _current.reset(token)
