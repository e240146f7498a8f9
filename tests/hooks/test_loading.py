"""Loading plugins: named ones, installed ones, broken ones."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import PluginError
from core.hooks.loading import ENTRY_POINT_GROUP, load_plugins
from core.hooks.manifest import CORE_VERSION, in_language
from tests.hooks.plugins import a_manifest, a_plugin

HERE = "tests.hooks.test_loading"

first = a_plugin("first")
second = a_plugin("second", requires=("first",))
namesake = a_plugin("first")
unmet = a_plugin("unmet", requires=("nowhere", "first"))
relying_on_unmet = a_plugin("relying", requires=("unmet",))
circle_a = a_plugin("circle_a", requires=("circle_b",))
circle_b = a_plugin("circle_b", requires=("circle_a",))
without_manifest = object()


def navigatoin() -> None:
    """A typing error."""


def navigation(session: object) -> None:
    """Asks for what this hook does not have."""


misspelt = a_plugin("misspelt", navigatoin)
asking_too_much = a_plugin("asking", navigation)
too_new = a_plugin("too_new")
too_new.manifest = a_manifest("too_new", requires_core=">=99")


def names(*plugins: str) -> list[str]:
    """Plugins of this module as settings name them."""
    return [f"{HERE}:{plugin}" for plugin in plugins]


def test_plugins_come_in_the_order_in_which_they_are_named() -> None:
    loaded, broken = load_plugins(names("second", "first"))
    assert list(loaded.manifests) == ["second", "first"]
    assert broken == []


@pytest.mark.parametrize(
    ("plugins", "text"),
    [
        (["without_manifest"], "has no manifest"),
        (["first", "namesake"], "two plugins are named first"),
        (["too_new"], f"too_new needs core >=99, this is {CORE_VERSION}"),
        (["first", "unmet"], "unmet requires nowhere"),
        (["circle_a", "circle_b"], "require each other: circle_a, circle_b"),
        (["misspelt"], "unknown hook 'navigatoin'"),
        (["asking_too_much"], "session"),
        (["nothing_of_that_name"], "has no attribute 'nothing_of_that_name'"),
    ],
)
def test_a_broken_plugin_stops_the_start_and_is_named(plugins: list[str], text: str) -> None:
    with pytest.raises(PluginError) as refusal:
        load_plugins(names(*plugins))
    assert text in str(refusal.value)
    assert str(refusal.value).startswith(f"plugin {HERE}:")


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(PluginError, match="plugin no_such_module:plugin cannot be loaded"):
        load_plugins(["no_such_module:plugin"])


def test_safe_mode_starts_without_broken_plugins_and_says_which_and_why() -> None:
    chosen = names("unmet", "first", "without_manifest", "relying_on_unmet", "second")
    loaded, broken = load_plugins(["no_such_module", *chosen], safe_mode=True)
    assert list(loaded.manifests) == ["first", "second"]
    reasons = {each.name.removeprefix(f"{HERE}:"): each.reason for each in broken}
    assert reasons["unmet"] == "unmet requires nowhere"
    assert reasons["relying_on_unmet"] == "relying requires unmet"
    assert set(reasons) == {"no_such_module", "without_manifest", "unmet", "relying_on_unmet"}


@pytest.mark.parametrize("name", ["", "ab", "Upper", "9lives", "with-dash", "x" * 42])
def test_a_name_of_the_wrong_form_is_refused(name: str) -> None:
    with pytest.raises(PluginError, match="must match"):
        a_manifest(name)


def test_a_wrong_version_specifier_is_refused_with_the_plugins_name() -> None:
    with pytest.raises(PluginError, match="plugin odd: Invalid specifier"):
        a_manifest("odd", requires_core="newer than mine")


@pytest.mark.parametrize(
    ("texts", "text"),
    [({"en": "Door", "nl": "Deur"}, "Deur"), ({"en": "Door"}, "Door"), ({"fr": "Porte"}, "Porte")],
)
def test_a_label_is_in_the_language_else_in_english_else_what_there_is(
    texts: dict[str, str], text: str
) -> None:
    assert in_language(texts, "nl") == text


@pytest.fixture
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that Python looks for installed packages in."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for module in set(sys.modules) - before:
        del sys.modules[module]


def install(folder: Path, package: str, **points: str) -> None:
    """What pip leaves behind of a package with entry points."""
    facts = folder / f"{package}-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [f"[{ENTRY_POINT_GROUP}]", *(f"{name} = {where}" for name, where in points.items())]
    (facts / "entry_points.txt").write_text("\n".join(lines))


def test_an_installed_package_is_found_by_its_entry_point(site_packages: Path) -> None:
    (site_packages / "courtesy_cars.py").write_text(
        "from tests.hooks.plugins import a_plugin\nplugin = a_plugin('courtesy_cars')\n"
    )
    install(site_packages, "garagist-courtesy-cars", courtesy_cars="courtesy_cars:plugin")
    loaded, _broken = load_plugins(names("first"))
    assert list(loaded.manifests) == ["first", "courtesy_cars"]


def test_installed_ones_come_by_name_even_if_one_requires_a_later_one(site_packages: Path) -> None:
    install(site_packages, "zoo", b_first=f"{HERE}:first")
    install(site_packages, "alphabet", a_second=f"{HERE}:second", c=f"{HERE}:circle_x")
    loaded, broken = load_plugins([], safe_mode=True)
    assert list(loaded.manifests) == ["second", "first"]
    assert [each.name for each in broken] == [f"{HERE}:circle_x"]


def test_an_installed_one_that_is_broken_is_named(site_packages: Path) -> None:
    install(site_packages, "burst", burst="burst_plugin:plugin")
    with pytest.raises(PluginError, match="burst_plugin:plugin cannot be loaded"):
        load_plugins([])


def test_two_that_claim_one_name_are_refused_whoever_installed_them(site_packages: Path) -> None:
    install(site_packages, "copy", copy=f"{HERE}:namesake")
    with pytest.raises(PluginError, match="two plugins are named first"):
        load_plugins(names("first"))


def test_the_plugins_of_the_product_load_without_any_complaint(servers: Any) -> None:
    loaded, broken = load_plugins(servers.settings().plugins)
    assert {"vehicle_presence", "self_service_portal", "polite", "rude"} <= set(loaded.manifests)
    assert broken == []
