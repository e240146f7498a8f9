"""The damage flows that a new garage starts with, and what a job's tasks say about it.

A stage is shown to customers only where it has a customer-facing text. Garages change all of
this for themselves: it is data, copied at the start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a flow: what staff call it, who does it, and what customers read."""

    key: str
    labels: Texts
    department: str | None = None
    planned_minutes: int = 0
    customer_texts: Texts = field(default_factory=dict)


def _texts(en: str, nl: str, fr: str, de: str) -> Texts:
    return {"en": en, "nl": nl, "fr": fr, "de": de}


ESTIMATE = Stage(
    "estimate",
    _texts("Estimate", "Bestek", "Devis", "Kostenvoranschlag"),
    "reception",
    30,
    _texts(
        "We are preparing the estimate.",
        "We maken het bestek op.",
        "Nous préparons le devis.",
        "Wir erstellen den Kostenvoranschlag.",
    ),
)
EXPERT = Stage(
    "expert",
    _texts("Expert", "Expert", "Expert", "Gutachter"),
    "reception",
    0,
    _texts(
        "We are waiting for the insurer's expert.",
        "We wachten op de expert van de verzekeraar.",
        "Nous attendons l'expert de l'assureur.",
        "Wir warten auf den Gutachter der Versicherung.",
    ),
)
AGREED = Stage("agreed", _texts("Agreed", "Akkoord", "Accord", "Freigegeben"), "reception")
PARTS_ORDERED = Stage(
    "parts_ordered",
    _texts("Parts ordered", "Onderdelen besteld", "Pièces commandées", "Teile bestellt"),
    "reception",
    10,
    _texts(
        "The parts are ordered.",
        "De onderdelen zijn besteld.",
        "Les pièces sont commandées.",
        "Die Teile sind bestellt.",
    ),
)
PARTS_RECEIVED = Stage(
    "parts_received",
    _texts("Parts received", "Onderdelen ontvangen", "Pièces reçues", "Teile eingetroffen"),
    "reception",
    10,
)
CHECK_IN = Stage(
    "check_in",
    _texts("Check-in", "Inname", "Réception", "Annahme"),
    "reception",
    15,
    _texts(
        "Your vehicle is with us.",
        "Uw voertuig staat bij ons.",
        "Votre véhicule est chez nous.",
        "Ihr Fahrzeug ist bei uns.",
    ),
)
DISMANTLE = Stage(
    "dismantle",
    _texts("Dismantle", "Demontage", "Démontage", "Demontage"),
    "dis_assembly",
    90,
    _texts(
        "Your vehicle is being dismantled.",
        "Uw voertuig wordt gedemonteerd.",
        "Votre véhicule est en démontage.",
        "Ihr Fahrzeug wird demontiert.",
    ),
)
BODY = Stage(
    "body",
    _texts("Body", "Plaatwerk", "Tôlerie", "Karosserie"),
    "bodywork",
    240,
    _texts(
        "The body is being repaired.",
        "Het plaatwerk wordt hersteld.",
        "La carrosserie est en réparation.",
        "Die Karosserie wird instand gesetzt.",
    ),
)
PREPARATION = Stage(
    "preparation",
    _texts("Preparation", "Voorbereiding", "Préparation", "Vorbereitung"),
    "paint",
    120,
    _texts(
        "Your vehicle is being prepared for paint.",
        "Uw voertuig wordt klaargemaakt voor de spuitcabine.",
        "Votre véhicule est préparé pour la peinture.",
        "Ihr Fahrzeug wird für die Lackierung vorbereitet.",
    ),
)
PAINT = Stage(
    "paint",
    _texts("Paint", "Spuitwerk", "Peinture", "Lackierung"),
    "paint",
    150,
    _texts("In paint.", "In de spuitcabine.", "En peinture.", "In der Lackierung."),
)
REASSEMBLY = Stage(
    "reassembly",
    _texts("Reassembly", "Hermontage", "Remontage", "Montage"),
    "dis_assembly",
    90,
    _texts(
        "Your vehicle is being put together again.",
        "Uw voertuig wordt opnieuw gemonteerd.",
        "Votre véhicule est en remontage.",
        "Ihr Fahrzeug wird wieder zusammengebaut.",
    ),
)
REPAIR = Stage(
    "repair",
    _texts("Repair", "Herstelling", "Réparation", "Reparatur"),
    "bodywork",
    120,
    _texts(
        "Your vehicle is being repaired.",
        "Uw voertuig wordt hersteld.",
        "Votre véhicule est en réparation.",
        "Ihr Fahrzeug wird repariert.",
    ),
)
POLISH = Stage("polish", _texts("Polish", "Polieren", "Polissage", "Politur"), "paint", 45)
QUALITY = Stage(
    "quality",
    _texts(
        "Clean and quality control",
        "Reiniging en kwaliteitscontrole",
        "Nettoyage et contrôle qualité",
        "Reinigung und Qualitätskontrolle",
    ),
    "reception",
    45,
    _texts(
        "We are cleaning and checking your vehicle.",
        "We reinigen en controleren uw voertuig.",
        "Nous nettoyons et contrôlons votre véhicule.",
        "Wir reinigen und prüfen Ihr Fahrzeug.",
    ),
)
READY = Stage(
    "ready",
    _texts("Ready", "Klaar", "Prêt", "Fertig"),
    "reception",
    0,
    _texts(
        "Your vehicle is ready. You can collect it.",
        "Uw voertuig is klaar. U kunt het ophalen.",
        "Votre véhicule est prêt. Vous pouvez venir le chercher.",
        "Ihr Fahrzeug ist fertig. Sie können es abholen.",
    ),
)
DELIVERED = Stage(
    "delivered",
    _texts("Delivered", "Afgeleverd", "Livré", "Übergeben"),
    "reception",
    10,
    _texts(
        "Your vehicle was collected. Have a good trip!",
        "Uw voertuig is opgehaald. Goede reis!",
        "Votre véhicule a été récupéré. Bonne route !",
        "Ihr Fahrzeug wurde abgeholt. Gute Fahrt!",
    ),
)

DEFAULT_FLOWS: Mapping[str, Sequence[Stage]] = {
    "Standard": (
        ESTIMATE,
        EXPERT,
        AGREED,
        PARTS_ORDERED,
        PARTS_RECEIVED,
        CHECK_IN,
        DISMANTLE,
        BODY,
        PREPARATION,
        PAINT,
        REASSEMBLY,
        POLISH,
        QUALITY,
        READY,
        DELIVERED,
    ),
    "Smart repair": (CHECK_IN, REPAIR, QUALITY, READY, DELIVERED),
}
DEFAULT_FLOW = "Standard"

TOLD_STAGES: Mapping[str, Texts] = {
    stage.key: stage.labels
    for stage in (
        ESTIMATE,
        EXPERT,
        PARTS_ORDERED,
        CHECK_IN,
        DISMANTLE,
        BODY,
        PREPARATION,
        PAINT,
        REASSEMBLY,
        REPAIR,
        QUALITY,
        READY,
        DELIVERED,
    )
}
"""Those of all flows that customers read of, in the order of a visit: key → what staff call it."""

CLAIM_CAPACITIES: Mapping[str, Texts] = {
    "direct_settlement": _texts(
        "Direct settlement (RDR)",
        "Rechtstreekse regeling (RDR)",
        "Règlement direct (RDR)",
        "Direktregulierung (RDR)",
    ),
    "third_party": _texts(
        "Third-party liability (BA)",
        "Burgerlijke aansprakelijkheid (BA)",
        "Responsabilité civile (RC)",
        "Haftpflicht (BA)",
    ),
    "own_damage": _texts("Own damage", "Eigen schade", "Dégâts matériels", "Vollkasko"),
    "limited_omnium": _texts("Limited omnium", "Kleine omnium", "Mini-omnium", "Teilkasko"),
    "private": _texts("Private", "Particulier", "Particulier", "Privat"),
}

ORDER_OF_STATUS = ("new", "planned", "in_progress", "ready", "delivered", "invoiced")
STARTS_WORK = frozenset({"check_in", "dismantle", "body", "repair", "preparation", "paint"})


class TaskLike(Protocol):
    """What is looked at in a task."""

    key: Any
    state: Any
    customer_texts: Any


T = TypeVar("T", bound=TaskLike)


def current_task(tasks: Sequence[T]) -> T | None:
    """The task that is being worked on, else the first that is neither finished nor skipped."""
    for wanted in (("in_progress",), ("on_hold", "not_started")):
        for task in tasks:
            if task.state in wanted:
                return task
    return None


def customer_stage(tasks: Sequence[T]) -> T | None:
    """The last stage that was reached and that customers may read about; None before any."""
    reached = [task for task in tasks if task.state in {"in_progress", "on_hold", "finished"}]
    told = [task for task in reached if task.customer_texts]
    return told[-1] if told else None


def status_after_tasks(status: str, tasks: Sequence[T]) -> str:
    """The status that the tasks imply. It only ever rises: a status that somebody set by hand
    is not taken back by a task, and a cancelled or invoiced job stays what it is."""
    if status not in ORDER_OF_STATUS:
        return status
    implied = "new"
    for task in tasks:
        started = task.state in {"in_progress", "on_hold", "finished"}
        if started and task.key in STARTS_WORK:
            implied = _later(implied, "in_progress")
        if task.state == "finished" and task.key in {"ready", "delivered"}:
            implied = _later(implied, task.key)
    return _later(status, implied)


def _later(one: str, other: str) -> str:
    return max(one, other, key=ORDER_OF_STATUS.index)
