"""The demo's cars: what drives around in Belgium, with plates, chassis numbers and mileage."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from core.workshop.vehicles.services import VehicleFacts

MODELS = (
    ("Volkswagen", "Golf 1.5 TSI", "WVWZZZ", 2017),
    ("Volkswagen", "Polo 1.0 TSI", "WVWZZZ", 2015),
    ("Volkswagen", "Tiguan 2.0 TDI", "WVGZZZ", 2016),
    ("Volkswagen", "ID.3", "WVWZZZ", 2020),
    ("Peugeot", "208 PureTech", "VF3UPH", 2015),
    ("Peugeot", "3008 Hybrid", "VF3MRH", 2020),
    ("Peugeot", "2008", "VF3USH", 2014),
    ("Renault", "Clio TCe 90", "VF1RJA", 2016),
    ("Renault", "Captur E-Tech", "VF1RJB", 2020),
    ("Renault", "Kangoo", "VF1RFK", 2015),
    ("Citroën", "C3", "VF7SXH", 2016),
    ("Citroën", "Berlingo", "VR7EFY", 2018),
    ("BMW", "118i", "WBA7K1", 2015),
    ("BMW", "320d Touring", "WBA6L7", 2015),
    ("BMW", "X1 sDrive18i", "WBA31E", 2016),
    ("Mercedes-Benz", "A 180", "W1K177", 2016),
    ("Mercedes-Benz", "C 220 d Break", "W1K206", 2015),
    ("Mercedes-Benz", "Vito 114", "WDF447", 2015),
    ("Audi", "A3 Sportback 35 TFSI", "WAUZZZ", 2019),
    ("Audi", "A4 Avant 40 TDI", "WAUZZZ", 2019),
    ("Audi", "Q3 45 TFSI e", "WAUZZZ", 2021),
    ("Opel", "Corsa 1.2", "W0V7D9", 2016),
    ("Opel", "Astra Sports Tourer", "W0VBE8", 2016),
    ("Ford", "Fiesta EcoBoost", "WF0JXX", 2014),
    ("Ford", "Focus Clipper", "WF0PXX", 2015),
    ("Ford", "Transit Custom", "WF0YXX", 2015),
    ("Toyota", "Yaris Hybrid", "VNKKBA", 2015),
    ("Toyota", "Corolla Touring Sports", "SB1Z53", 2019),
    ("Volvo", "XC40 Recharge", "YV1XZE", 2020),
    ("Volvo", "V60 B4", "YV1ZWK", 2020),
    ("Škoda", "Octavia Combi", "TMBJR7", 2015),
    ("Škoda", "Fabia", "TMBER6", 2015),
    ("Dacia", "Sandero Stepway", "UU1DJF", 2015),
    ("Dacia", "Duster", "UU1HJD", 2015),
    ("Hyundai", "Tucson Hybrid", "TMAJB8", 2021),
    ("Hyundai", "i20", "NLHBN5", 2015),
    ("Kia", "Niro EV", "KNACC8", 2019),
    ("Kia", "Ceed SW", "U5YH51", 2018),
    ("Fiat", "500e", "ZFAEFA", 2021),
    ("Tesla", "Model 3", "LRW3E7", 2019),
    ("Seat", "Leon Sportstourer", "VSSZZZ", 2016),
    ("Mini", "Cooper SE", "WMW11D", 2020),
    ("Nissan", "Qashqai", "SJNTAA", 2015),
    ("Mazda", "CX-30", "JMZDM6", 2020),
    ("Suzuki", "Swift", "JSAAZC", 2017),
    ("Jeep", "Avenger", "ZACPJF", 2023),
)
"""Make, model, what a chassis number of it begins with (ISO 3779: maker and type), and the first
year in which one was registered."""

COLOURS = {
    "nl": (
        ("zwart metallic", 6),
        ("grijs metallic", 7),
        ("wit", 6),
        ("parelwit", 2),
        ("zilver", 4),
        ("donkerblauw", 5),
        ("rood", 3),
        ("donkergroen", 1),
        ("oranje", 1),
        ("beige", 1),
    ),
    "fr": (
        ("noir métallisé", 6),
        ("gris métallisé", 7),
        ("blanc", 6),
        ("blanc nacré", 2),
        ("argent", 4),
        ("bleu foncé", 5),
        ("rouge", 3),
        ("vert foncé", 1),
        ("orange", 1),
        ("beige", 1),
    ),
}
"""Colours in the garage's language, with how often they are seen."""

_LETTERS = "ABCDEFGHJKLNPRSTUVXYZ"
_VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_KILOMETRES_A_DAY = (18, 62)
_YOUNGEST = 100
"""Days since the first registration."""


@dataclass(frozen=True, slots=True)
class Car:
    """A car as the garage writes it down; `mileage` is in kilometres, when it was opened."""

    facts: VehicleFacts
    mileage: int


def cars_of(language: str, opened_on: list[date], dice: random.Random) -> list[Car]:
    """A car for each job, in the order of the days on which the jobs were opened. The third
    carries an old Belgian plate, and three come from abroad."""
    models = dice.sample(MODELS, len(opened_on))
    foreign = {
        2: ("BE", _plate("LLL-ddd", dice)),
        8: ("NL", _plate("L-ddd-LL", dice)),
        17: ("LU", _plate("LL dddd", dice)),
        26: ("DE", f"AC-{_plate('LL dddd', dice)}"),
    }
    taken: set[str] = set()
    cars = []
    for index, (day, model) in enumerate(zip(opened_on, models, strict=True)):
        country, plate = foreign.get(index, ("BE", ""))
        while not plate or plate in taken:
            # The second series began in 2021 and is seen as often as the first by now.
            plate = _plate(f"{dice.choice('112')}-LLL-ddd", dice)
        taken.add(plate)
        cars.append(_car(language, (country, plate), model, day, dice))
    return cars


def _car(
    language: str,
    plate: tuple[str, str],
    model: tuple[str, str, str, int],
    day: date,
    dice: random.Random,
) -> Car:
    make, name, prefix, since = model
    colours, weights = zip(*COLOURS[language], strict=True)
    oldest = (day - date(since, 3, 1)).days
    age = timedelta(days=_YOUNGEST + int(dice.random() * (oldest - _YOUNGEST)))
    facts = VehicleFacts(
        plate=plate[1],
        plate_country=plate[0],
        vin=_vin(prefix, dice) if dice.random() < 0.6 else None,
        make=make,
        model=name,
        colour=dice.choices(colours, weights)[0],
        first_registration=day - age,
    )
    return Car(facts, age.days * dice.randint(*_KILOMETRES_A_DAY) + dice.randrange(100))


def _vin(prefix: str, dice: random.Random) -> str:
    middle = "".join(dice.choice(_VIN_LETTERS) for _ in range(4))
    return f"{prefix}{middle}{'W' if prefix.endswith('Z') else 'P'}{dice.randrange(10**6):06}"


def _plate(pattern: str, dice: random.Random) -> str:
    """`L` stands for a letter and `d` for a digit."""
    signs = {"L": _LETTERS, "d": "0123456789"}
    return "".join(dice.choice(signs[sign]) if sign in signs else sign for sign in pattern)
