"""What a plugin says about itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import BaseModel, ValidationError

from core.errors import PluginError

CORE_VERSION = "1.0"
_NAME = re.compile(r"[a-z][a-z0-9_]{2,40}")


class _OwnerMayChange:
    """Marks a setting; see :data:`OWNER`."""


OWNER = _OwnerMayChange()
"""In a setting's annotation: the garage's owner may change it too, and not only support.
`days: Annotated[int, OWNER] = Field(10, title="…")`"""


@dataclass(frozen=True, slots=True)
class ChosenFrom:
    """In the annotation of a text: it is some of these keys, separated by commas, and a form shows
    them as boxes to tick. `labels` says per key and language what each is called. A stored key
    that is not among them is left out with the next change."""

    labels: Mapping[str, Mapping[str, str]]

    @staticmethod
    def keys_in(text: str) -> list[str]:
        """The keys that a text is made of."""
        return text.replace(",", " ").split()


class PluginSettings(BaseModel):
    """Base of a plugin's settings per garage: every field needs a default and a title."""

    model_config = {"extra": "ignore", "frozen": True, "allow_inf_nan": False}

    @classmethod
    def of_owner(cls) -> tuple[str, ...]:
        """The settings that a garage's owner may change, in the order in which they are
        declared."""
        return tuple(name for name, info in cls.model_fields.items() if OWNER in info.metadata)

    @classmethod
    def in_full(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The stored settings, with defaults where nothing is stored."""
        return {
            name: stored.get(name, info.get_default(call_default_factory=True))
            for name, info in cls.model_fields.items()
        }

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Settings in the form in which they are stored.

        Raises:
            InvalidSettings: a value has the wrong form.
        """
        try:
            return cls.model_validate(dict(values)).model_dump(mode="json")
        except ValidationError as error:
            raise InvalidSettings(error) from None


class InvalidSettings(PluginError):
    """The plugin's own schema refuses a value.

    `problems` holds per field (`""` for the settings as a whole) pydantic's kind of error and
    the values that its text speaks of, such as `("greater_than_equal", {"ge": 1})`.
    """

    def __init__(self, error: ValidationError) -> None:
        super().__init__(str(error))
        self.problems: dict[str, tuple[str, Mapping[str, Any]]] = {
            str(item["loc"][0]) if item["loc"] else "": (item["type"], item.get("ctx", {}))
            for item in error.errors()
        }


@dataclass(frozen=True, slots=True)
class PluginManifest:
    """The plugin's identity card, read by the gate, the support console and `doctor`.

    `label` and `summary` are given per language; English is the fallback.
    `requires` names plugins that must be on wherever this one is.
    `requires_core` is a PEP 440 specifier. `package` is the dotted package that holds
    `templates/`, `static/`, `translations/` and `migrations/versions/`, where present.
    `personal_data` says in words what it keeps about people, for the garage's records.
    """

    name: str
    version: str
    label: Mapping[str, str]
    summary: Mapping[str, str]
    package: str
    requires_core: str = f">={CORE_VERSION}"
    requires: tuple[str, ...] = ()
    settings: type[PluginSettings] = PluginSettings
    personal_data: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise PluginError(f"plugin name {self.name!r} must match {_NAME.pattern}")
        try:
            SpecifierSet(self.requires_core)
        except InvalidSpecifier as error:
            raise PluginError(f"plugin {self.name}: {error}") from error

    def fits_core(self) -> bool:
        """Whether this core's version is one the plugin was made for."""
        return SpecifierSet(self.requires_core).contains(CORE_VERSION)


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in that language, else in English, else whichever there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
