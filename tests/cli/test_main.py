"""`python -m core`, in a process of its own."""

from core.house import House
from tests.commands import environment, run
from tests.demo_run import plain_environment


def test_what_is_refused_is_one_line_and_exit_code_1(house: House) -> None:
    command = ["plugins", "enable", "polite", "--garage", "nobody", "--reason", "x"]
    result = run(command, environment(house.settings))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == "garagist: there is no open garage nobody\n"


def test_in_production_every_missing_setting_is_named_at_once() -> None:
    result = run(["web"], {**plain_environment(), "GARAGIST_MODE": "production"})
    assert result.returncode == 1
    assert result.stderr == (
        "garagist: missing setting: DATABASE_URL, PLATFORM_DATABASE_URL, REDIS_URL, STORAGE_URL,"
        " SMTP_URL, MAIL_FROM, SECRET_KEY, BASE_DOMAIN (docs/settings.md explains each)\n"
    )


def test_a_broken_plugin_is_named_in_one_line(house: House) -> None:
    settings = house.settings.model_copy(update={"plugins": ("no_such_plugin:plugin",)})
    result = run(["tenants", "list"], environment(settings))
    assert result.returncode == 1
    assert result.stderr == (
        "garagist: plugin no_such_plugin:plugin cannot be loaded: No module named"
        " 'no_such_plugin'\n"
    )


def test_a_command_that_does_not_exist_is_a_usage_error(house: House) -> None:
    result = run(["tenants", "fly"], environment(house.settings))
    assert result.returncode == 2
    assert "No such command 'fly'" in result.stderr


def test_completion_is_offered_and_completes(house: House) -> None:
    known = environment(house.settings)
    told = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # no shell need have started us
    script = run(["--show-completion", "bash"], {**known, **told})
    assert script.returncode == 0
    assert "_GARAGIST_COMPLETE=complete_bash" in script.stdout
    words = {
        "_GARAGIST_COMPLETE": "complete_bash",
        "COMP_WORDS": "garagist tenants c",
        "COMP_CWORD": "2",
    }
    assert run([], {**known, **words}).stdout.split() == ["create", "close"]
