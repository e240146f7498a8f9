"""`make demo` itself: beside another one, stopped without traces, continued, thrown away."""

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from core.embedded.process import answers
from tests.commands import LONGEST_SECONDS
from tests.demo_run import ROOT, DemoRun, run_make, start_demo

pytestmark = pytest.mark.demo


def processes_of(folder: Path) -> list[str]:
    """Command lines of processes that have to do with a demo's folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder) in line or (process.info["environ"] or {}).get("DATA_DIR") == str(folder):
            found.append(line)
    return found


def command(demo: DemoRun, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`garagist …` in a second terminal."""
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=ROOT,
        env=demo.environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )


def test_a_second_demo_stands_beside_the_first_and_leaves_no_trace(
    demo: DemoRun, tmp_path: Path
) -> None:
    folder = tmp_path / "second"
    second = start_demo(folder)
    assert second.port != demo.port
    second.stop()
    assert second.lines[-1].startswith("Everything is stopped.")
    assert not processes_of(folder)
    assert not answers(second.port)
    numbers = [job["number"] for job in second.garage("noord")["jobs"]]
    again = start_demo(folder)  # at another port
    again.stop()
    hosts = [*again.facts["garages"], again.facts["support"], again.facts["mail"]]
    assert all(f":{again.port}/" in host["url"] for host in hosts)
    assert [job["number"] for job in again.garage("noord")["jobs"]] == numbers
    assert not any("demo data" in line for line in again.lines)
    assert run_make("reset", f"DATA_DIR={folder}").returncode == 0
    assert not folder.exists()


def test_the_same_folder_is_refused_while_its_demo_runs(demo: DemoRun) -> None:
    answer = run_make("demo", f"DATA_DIR={demo.folder}", f"PORT={demo.port + 1}")
    assert answer.returncode != 0
    assert "a demo already runs in" in answer.stderr + answer.stdout


def test_a_port_in_use_is_named(demo: DemoRun, tmp_path: Path) -> None:
    answer = run_make("demo", f"DATA_DIR={tmp_path / 'third'}", f"PORT={demo.port}")
    assert f"port {demo.port} is in use" in answer.stderr + answer.stdout


def test_a_running_demo_is_not_thrown_away(demo: DemoRun) -> None:
    answer = run_make("reset", f"DATA_DIR={demo.folder}")
    assert answer.returncode != 0
    assert (demo.folder / "demo.json").exists()


def test_a_folder_of_somebody_else_is_not_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    assert run_make("reset", f"DATA_DIR={tmp_path}").returncode != 0
    assert (tmp_path / "letter.txt").exists()


def test_commands_find_the_demo_from_a_second_terminal(demo: DemoRun) -> None:
    doctor = command(demo, "doctor", "--json")
    deadline = time.monotonic() + 60
    while doctor.returncode and time.monotonic() < deadline:  # beat may not have ticked yet
        doctor = command(demo, "doctor", "--json")
    assert doctor.returncode == 0, doctor.stdout
    assert all(finding["ok"] for finding in json.loads(doctor.stdout))


def test_the_sweep_says_what_it_would_do(demo: DemoRun) -> None:
    answer = command(demo, "presence", "sweep", "--garage", "noord", "--dry-run", "--json")
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)["noord"]
    assert report["marked"]
    assert report["doubtful"]


def test_each_garage_has_forty_jobs_and_real_photos(demo: DemoRun) -> None:
    rows = json.loads(command(demo, "tenants", "list", "--json").stdout)
    assert [(row["slug"], row["plugins"]) for row in rows] == [
        ("noord", ["self_service_portal", "vehicle_presence"]),
        ("sud", ["vehicle_presence"]),
    ]
    assert demo.garage("sud")["jobs"][0]["sequence_number"] == 40
