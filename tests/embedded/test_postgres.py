"""PostgreSQL from a wheel."""

import asyncio
import os
import pwd
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from core.embedded import process
from core.embedded.postgres import ADMIN, OWNER, EmbeddedPostgres
from core.embedded.process import (
    ServerDidNotStart,
    answers,
    comes_true,
    free_port,
    is_alive,
    is_root,
)
from tests.embedded.servers import pid_of_server_whose_parent_is_killed, started

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a database in it: making one anew takes a second."""
    place = tmp_path_factory.mktemp("postgres")
    postgres = EmbeddedPostgres(place)
    with started(postgres):
        asyncio.run(postgres.ensure_database("shop"))
        ask(postgres, "create table cars (plate text)")
    yield place
    postgres.remove()


@pytest.fixture
def postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server on that folder, which the test starts."""
    server = EmbeddedPostgres(folder)
    yield server
    server.stop()


def ask(postgres: EmbeddedPostgres, statement: str, role: str = OWNER) -> object:
    """One statement and its first value."""

    async def work() -> object:
        connection = await asyncpg.connect(postgres.url(role, "shop"), timeout=5)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(work())


def pid_of(postgres: EmbeddedPostgres) -> int:
    """Of the running server."""
    assert postgres.pid is not None
    return postgres.pid


def test_what_is_stored_is_there_after_a_stop_and_a_start(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    ask(postgres, "insert into cars values ('1-ABC-123')")
    postgres.stop()
    assert postgres.pid is None
    postgres.start()
    assert ask(postgres, "select count(*) from cars where plate = '1-ABC-123'") == 1


def test_a_killed_server_starts_again_with_everything_that_was_stored(
    postgres: EmbeddedPostgres, folder: Path
) -> None:
    postgres.start()
    ask(postgres, "insert into cars values ('2-KIL-999')")
    os.kill(pid_of(postgres), signal.SIGKILL)
    again = EmbeddedPostgres(folder)
    with started(again):
        assert ask(again, "select count(*) from cars where plate = '2-KIL-999'") == 1


def test_it_starts_while_a_killed_servers_children_have_not_noticed_yet(
    postgres: EmbeddedPostgres, folder: Path
) -> None:
    postgres.start()
    children = psutil.Process(pid_of(postgres)).children()
    for child in children:
        child.suspend()
    os.kill(pid_of(postgres), signal.SIGKILL)

    def has_refused() -> bool:
        return "is still in use" in (postgres.folder / "postgres.log").read_text()

    def let_them_notice() -> None:
        comes_true(has_refused, seconds=20)
        for child in children:
            child.resume()

    noticing = threading.Thread(target=let_them_notice)
    noticing.start()
    again = EmbeddedPostgres(folder)
    with started(again):
        noticing.join()
        assert has_refused()
        assert ask(again, "select 1") == 1


@pytest.mark.parametrize(
    "text", ["", "x", "{mine}\n/data\n1\n{port}\n", "999999999\n/d\n1\n{port}\n"]
)
def test_a_pid_file_that_means_nobody_any_more_is_passed_over(
    postgres: EmbeddedPostgres, text: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1] if "999999999" in text else 1
        file = postgres.folder / "data" / "postmaster.pid"
        file.write_text(text.format(mine=os.getpid(), port=port))
        postgres.start()
    assert ask(postgres, "select 1") == 1


def test_a_port_that_somebody_else_was_given_meanwhile_is_not_insisted_on(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        ports = [somebody.getsockname()[1], free_port()]
        monkeypatch.setattr(process, "free_port", iter(ports).__next__)
        postgres.start()
        assert postgres.port == ports[1]
    assert ask(postgres, "select 1") == 1


def test_a_second_server_on_the_same_folder_is_refused(
    postgres: EmbeddedPostgres, folder: Path
) -> None:
    postgres.start()
    with pytest.raises(ServerDidNotStart, match=f"process {postgres.pid}. already works"):
        EmbeddedPostgres(folder).start()
    assert ask(postgres, "select 1") == 1


def test_two_servers_side_by_side_know_nothing_of_each_other(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    other = EmbeddedPostgres(tmp_path)
    with started(postgres, other):
        assert postgres.port != other.port
        assert postgres.passwords != other.passwords
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            ask(other, "select 1", ADMIN)
    other.remove()
    assert not other.folder.exists()


def test_it_listens_on_the_loopback_address_and_asks_for_a_password(
    postgres: EmbeddedPostgres,
) -> None:
    postgres.start()
    assert ask(postgres, "select current_setting('listen_addresses')", ADMIN) == "127.0.0.1"
    wrong = postgres.url(OWNER, "shop").replace(postgres.passwords.owner, "guess")
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(asyncpg.connect(wrong))


@pytest.mark.skipif(not is_root(), reason="only root gives its rights away")
def test_as_root_the_server_runs_as_nobody(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    owner = Path(f"/proc/{postgres.pid}").stat().st_uid
    assert pwd.getpwuid(owner).pw_name == "nobody"


def test_the_terminals_ctrl_c_does_not_reach_it(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    assert os.getpgid(pid_of(postgres)) != os.getpgid(0)


def test_a_server_that_cannot_start_shows_the_end_of_its_log(
    postgres: EmbeddedPostgres,
) -> None:
    version = postgres.folder / "data" / "PG_VERSION"
    good = version.read_text()
    version.write_text("9.6\n")
    try:
        with pytest.raises(ServerDidNotStart, match="not compatible with this version"):
            postgres.start()
    finally:
        version.write_text(good)


def test_it_ends_with_the_process_that_started_it(folder: Path) -> None:
    pid = pid_of_server_whose_parent_is_killed(
        "import time; from pathlib import Path\n"
        "from core.embedded.postgres import EmbeddedPostgres\n"
        f"server = EmbeddedPostgres(Path({str(folder)!r})); server.start()\n"
        "print(server.pid, flush=True); time.sleep(60)"
    )
    assert comes_true(lambda: not is_alive(pid), seconds=20)


def test_databases_are_made_once_and_dropped(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    for _ in range(2):
        asyncio.run(postgres.ensure_database("second"))
    count = "select count(*) from pg_database where datname = 'second'"
    assert ask(postgres, count) == 1
    for _ in range(2):
        asyncio.run(postgres.drop_database("second"))
    assert ask(postgres, count) == 0
    assert answers(postgres.port)
