"""The files in `docker/` and the program agree: no Docker engine is needed to know that."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.embedded.postgres import EXTENSIONS
from core.settings import RUNTIME_SETTINGS, Settings

DOCKER = Path(__file__).resolve().parents[1] / "docker"
FOREIGN = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
"""Read by the S3 client, not by us."""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of compose.yaml, anchors resolved."""
    parsed: dict[str, dict[str, Any]] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    return parsed["services"]


@pytest.mark.parametrize("name", ["migrate", "web", "worker", "beat"])
def test_each_process_gets_every_setting_that_it_cannot_run_without(
    services: dict[str, Any], name: str
) -> None:
    given = set(services[name]["environment"])
    assert {setting.upper() for setting in RUNTIME_SETTINGS} <= given
    assert given - FOREIGN <= {field.upper() for field in Settings.model_fields}


def test_only_the_migration_knows_the_owners_password(services: dict[str, Any]) -> None:
    holders = {name for name, each in services.items() if "OWNER_PASSWORD" in json.dumps(each)}
    assert holders == {"postgres", "migrate"}


def test_the_proxy_that_is_trusted_is_the_proxy(services: dict[str, Any]) -> None:
    address = services["caddy"]["networks"]["front"]["ipv4_address"]
    assert json.loads(services["web"]["environment"]["TRUSTED_PROXIES"]) == [address]


def test_everything_that_must_be_filled_in_stands_in_the_example() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", (DOCKER / "compose.yaml").read_text())) | FOREIGN
    explained = re.findall(r"^#?(\w+)=", (DOCKER / ".env.example").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(wanted)


def test_the_database_gets_the_extensions_that_the_demo_has() -> None:
    made = re.findall(r"CREATE EXTENSION (\w+);", (DOCKER / "postgres-roles.sql").read_text())
    assert tuple(made) == EXTENSIONS


def test_no_container_takes_all_memory_or_fills_the_disk_with_its_lines(
    services: dict[str, Any],
) -> None:
    assert [name for name, each in services.items() if not each.get("mem_limit")] == []
    kept = {name: each["logging"]["options"] for name, each in services.items()}
    assert all({"max-size", "max-file"} <= set(options) for options in kept.values())
