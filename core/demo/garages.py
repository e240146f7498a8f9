"""The demo's two garages, their staff and the vendor's support."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tenants.lifecycle import NewGarage

PRESENCE, PORTAL = "vehicle_presence", "self_service_portal"
SUPPORT_NAME = "Sam De Smet"
SUPPORT_EMAIL = "support@example.com"


def password_of(role: str) -> str:
    """The same for a role in both garages, because people have to type it."""
    return f"garagist-demo-{role}"


@dataclass(frozen=True, slots=True)
class DemoGarage:
    """A garage, the plugins that are on, who else works there beside the owner (role → name),
    and what it wants of its plugins."""

    new: NewGarage
    plugins: tuple[str, ...]
    colleagues: dict[str, str]
    wishes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def email_of(self, role: str) -> str:
        """The login of whoever has that role."""
        return f"{role}@{self.new.slug}.example.com"


GARAGES = (
    DemoGarage(
        NewGarage(
            slug="noord",
            name="Carrosserie Noord",
            languages=("nl", "fr", "de", "en"),
            owner_name="Katrien Vermeulen",
            owner_email="owner@noord.example.com",
            phone="+32 3 555 01 20",
            email="info@noord.example.com",
            street="Noorderlaan 412",
            postal_code="2030",
            city="Antwerpen",
            brand_colour="#0b5d6b",
            vat_number="BE0999000624",
        ),
        (PRESENCE, PORTAL),
        {
            "planner": "Tom Claes",
            "technician": "Yassine El Amrani",
            "accountant": "Ingrid Wouters",
        },
    ),
    DemoGarage(
        NewGarage(
            slug="sud",
            name="Carrosserie du Sud",
            languages=("fr", "en"),
            owner_name="Philippe Dumont",
            owner_email="owner@sud.example.com",
            phone="+32 81 55 01 40",
            email="info@sud.example.com",
            street="Chaussée de Dinant 88",
            postal_code="5000",
            city="Namur",
            brand_colour="#8a2b35",
            vat_number="BE0999000723",
        ),
        (PRESENCE,),
        {
            "planner": "Sophie Lambert",
            "technician": "Luca Moretti",
            "accountant": "Nathalie Gérard",
        },
        {
            PRESENCE: {
                "ask_mileage": "required",
                "ask_damage": "optional",
                "ask_photos": "optional",
                "ask_keys": "optional",
            }
        },
    ),
)
