"""What the environment decides, and what is said when it does not."""

from pathlib import Path

import pytest

from core import settings as module
from core.errors import SettingsError
from core.settings import (
    BUILT_IN_PLUGINS,
    DEMO_ENVIRONMENT_FILE,
    RUNTIME_SETTINGS,
    Settings,
    get_settings,
    load_settings,
)
from tests.servers import Servers


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment without any setting, in an empty folder."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_in_production_all_that_is_missing_is_named_at_once(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("GARAGIST_MODE", "production")
    environment.setenv("REDIS_URL", "redis://localhost")
    with pytest.raises(SettingsError) as refusal:
        load_settings().require(*RUNTIME_SETTINGS)
    for name in RUNTIME_SETTINGS:
        assert (name.upper() in str(refusal.value)) is (name != "redis_url")
    assert "docs/settings.md" in str(refusal.value)


def test_nothing_is_missing_where_all_is_there(servers: Servers) -> None:
    settings = servers.settings()
    settings.require(*RUNTIME_SETTINGS)
    assert all(getattr(settings, name) for name in RUNTIME_SETTINGS)


@pytest.mark.parametrize(
    ("mode", "user", "said", "needs"),
    [
        ("production", "user:secret@", None, True),
        ("production", "", None, False),
        ("demo", "user:secret@", None, False),
        ("production", "", True, True),
        ("production", "user:secret@", False, False),
    ],
)
def test_a_password_for_mails_goes_over_tls_alone_unless_somebody_says_otherwise(
    servers: Servers, mode: str, user: str, said: bool | None, needs: bool
) -> None:
    settings = servers.settings(
        garagist_mode=mode, smtp_url=f"smtp://{user}mail.example:587", smtp_require_tls=said
    )
    assert settings.mail_needs_tls is needs


@pytest.mark.parametrize("folder", [None, "elsewhere"])
def test_a_second_terminal_finds_the_demo(
    environment: pytest.MonkeyPatch, tmp_path: Path, folder: str | None
) -> None:
    place = tmp_path / (folder or ".data")
    place.mkdir()
    (place / DEMO_ENVIRONMENT_FILE).write_text("DATABASE_URL=postgresql://demo\nPUBLIC_PORT=8001\n")
    if folder:
        environment.setenv("DATA_DIR", folder)
    found = load_settings()
    assert (found.database_url, found.public_port) == ("postgresql://demo", 8001)


@pytest.mark.parametrize(
    ("name", "value"),
    [("GARAGIST_MODE", "production"), ("DATABASE_URL", "postgresql://mine")],
)
def test_where_somebody_means_production_the_demos_file_is_not_read(
    environment: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / DEMO_ENVIRONMENT_FILE).write_text("SMTP_URL=smtp://demo\n")
    environment.setenv(name, value)
    assert load_settings().smtp_url == ""


def test_without_a_word_it_is_production_and_secure() -> None:
    found = load_settings()
    assert (found.garagist_mode, found.public_scheme) == ("production", "https")
    assert found.cookies_are_secure
    assert not found.safe_mode
    assert found.plugins == BUILT_IN_PLUGINS


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("PUBLIC_PORT", "eighty", "PUBLIC_PORT: Input should be a valid integer"),
        ("GARAGIST_MODE", "staging", "GARAGIST_MODE: Input should be 'production'"),
        ("PUBLIC_SCHEME", "ftp", "PUBLIC_SCHEME: Input should be 'http' or 'https'"),
        ("SAFE_MODE", "perhaps", "SAFE_MODE: Input should be a valid boolean"),
        ("SECRET_KEY", "too short", "SECRET_KEY needs at least 32 characters"),
        (
            "SECRET_KEY_FALLBACKS",
            '["too short"]',
            "each of SECRET_KEY_FALLBACKS needs at least 32 characters",
        ),
        ("TRUSTED_PROXIES", "10.0.0.1", "TRUSTED_PROXIES: must be written as JSON"),
        ("PLUGINS", "[1]", "PLUGINS.0: Input should be a valid string"),
    ],
)
def test_a_wrong_value_is_named_and_not_shown_when_it_is_secret(
    environment: pytest.MonkeyPatch, name: str, value: str, text: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert text in str(refusal.value)
    assert "too short" not in str(refusal.value)


def test_lists_are_written_as_json(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TRUSTED_PROXIES", '["10.0.0.1", "10.0.0.2"]')
    assert load_settings().trusted_proxies == ("10.0.0.1", "10.0.0.2")


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "https://noord.garagist.test/desk"),
        ({"public_scheme": "http", "public_port": 8000}, "http://noord.garagist.test:8000/desk"),
    ],
)
def test_an_address_is_what_a_browser_types(
    servers: Servers, changes: dict[str, object], url: str
) -> None:
    assert servers.settings(**changes).public_url("noord", "/desk") == url


def test_before_the_composition_root_there_are_no_settings(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setattr(module, "_installed", [])
    with pytest.raises(SettingsError, match="composition root"):
        get_settings()
