"""The demo's customers: who brings a car to a garage in Antwerp, and who to one in Namur."""

import random
import unicodedata
from collections.abc import Sequence

from core.workshop.customers.services import Contact

FLEMISH = (
    "An Peeters",
    "Jef Janssens",
    "Lieve Maes",
    "Bart Jacobs",
    "Greet Mertens",
    "Koen Willems",
    "Hilde Goossens",
    "Wouter De Smet",
    "Sofie Van den Broeck",
    "Dirk Hermans",
    "Ilse Aerts",
    "Pieter-Jan Verstraeten",
    "Els Cools",
    "Joris Van Damme",
    "Griet Lemmens",
    "Stijn Michiels",
    "Fatima Bouzidi",
    "Ruben Geerts",
    "Nele Smets",
    "Frank Segers",
    "Kaat Coppens",
    "Mehmet Yıldız",
    "Veerle Wuyts",
    "Tine Van Hoof",
    "Luc Pauwels",
    "Jolien Bogaerts",
)
WALLOON = (
    "Isabelle Lambert",
    "Jean-Marc Dubois",
    "Céline Lejeune",
    "François Renard",
    "Aurélie Simon",
    "Thierry Delvaux",
    "Benoît Charlier",
    "Véronique Gillet",
    "Olivier Hubert",
    "Amandine Lacroix",
    "Pascal Noël",
    "Marie-Christine Evrard",
    "Grégory Collard",
    "Sabrina Marchal",
    "Michel Thiry",
    "Hélène Bodart",
    "Nicolas Wauters",
    "Samira Benali",
    "Vincent Poncelet",
    "Laurence Jacquet",
    "Fabrice Denis",
    "Élodie Hanquet",
    "Alain Burton",
    "Giuseppe Ferrara",
    "Caroline Pirotte",
    "Dominique Servais",
    "Quentin Massart",
    "Martine Leroy",
    "Christophe Jadot",
    "Émilie Rousseau",
    "Yves Mathieu",
    "Sarah Defays",
    "Raphaël Colson",
)
EXPATS = (
    "Emily O'Connor",
    "James Whitfield",
    "Priya Raman",
    "Łukasz Wiśniewski",
    "Nguyễn Thị Hà",
    "Andreas Brandt",
    "Maria João Ferreira",
    "Sven Lindqvist",
    "Chiara Bianchi",
)
FLEMISH_FIRMS = (
    ("Bakkerij Van Looveren bv", "0999000228"),
    ("Thuisverpleging De Wilg vzw", "0999000327"),
)
WALLOON_FIRMS = (
    ("Toitures Materne srl", "0999000426"),
    ("Taxis de la Citadelle sa", "0999000525"),
)
"""Firms that do not exist, with VAT numbers of the right form that nobody has."""

_MOBILE_PREFIXES = ("470", "472", "475", "478", "483", "486", "491", "495", "498")
_NOT_DECOMPOSED = str.maketrans({"ł": "l", "ı": "i", "đ": "d", "ø": "o"})


def customers_of(slug: str, dice: random.Random) -> list[Contact]:
    """Forty customers of one of the two garages, each in a language that it speaks."""
    if slug == "noord":
        spoken = {"nl": FLEMISH, "fr": WALLOON[:5], "en": EXPATS[:7]}
        firms, language = FLEMISH_FIRMS, "nl"
    else:
        spoken = {"fr": (*WALLOON[5:], *WALLOON[:3]), "en": EXPATS[2:]}
        firms, language = WALLOON_FIRMS, "fr"
    people = [_person(name, each, dice) for each, names in spoken.items() for name in names]
    people += [_firm(name, vat, language, dice) for name, vat in firms]
    dice.shuffle(people)
    return people


def _person(name: str, language: str, dice: random.Random) -> Contact:
    first, *rest = name.split()
    address = f"{_ascii(first)}.{_ascii(''.join(rest))}@example.com"
    return Contact(name, language, address if dice.random() < 0.9 else None, _phone(dice))


def _firm(name: str, vat_number: str, language: str, dice: random.Random) -> Contact:
    words: Sequence[str] = name.split()[:-1]
    address = f"info@{_ascii('-'.join(words))}.example.com"
    return Contact(name, language, address, _phone(dice), f"BE{vat_number}")


def _phone(dice: random.Random) -> str:
    pairs = " ".join(f"{dice.randrange(100):02}" for _ in range(3))
    return f"+32 {dice.choice(_MOBILE_PREFIXES)} {pairs}"


def _ascii(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.lower().translate(_NOT_DECOMPOSED))
    return "".join(sign for sign in bare if sign.isascii() and (sign.isalnum() or sign == "-"))
