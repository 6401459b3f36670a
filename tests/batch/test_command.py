"""``bfl batch`` as a process: what it says, how it ends, and that no end loses or doubles anything."""

from __future__ import annotations

import json
import random
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from bfl_emulator import Emulator

from .processes import LARGE
from .running import BFL, LIMIT, Batch, job, kill, wait_for

pytestmark = pytest.mark.large

if sys.platform == "win32":
    pytest.skip("Windows has no signals to end a process with, nor limits to its files", allow_module_level=True)

JOBS, KILLS, APART = (300, 10, (1.5, 6.0)) if LARGE else (36, 3, (1.5, 3.0))
FAULTS = [
    {"fault": "html", "operation": "poll", "probability": 0.03},
    {"fault": "reset", "operation": "poll", "probability": 0.02},
    {"fault": "answer", "operation": "submit", "status": 429, "body": {"detail": "busy"}, "probability": 0.04},
    {"fault": "reset", "operation": "submit", "when": "before-reading", "probability": 0.01},
    {"fault": "truncate", "operation": "download", "probability": 0.05},
]


@pytest.mark.timeout(900)
def test_killed_again_and_again_nothing_is_lost_or_paid_twice(tmp_path: Path) -> None:
    """After kill -9 at random moments, each followed by the same command, every job has one task and one whole picture,
    apart from those reported uncertain, by the emulator's own log."""
    moments = random.Random(7)
    with Emulator(speed=20, script=FAULTS, seed=1) as emulator:
        batch = Batch(tmp_path / "here", emulator)
        batch.write(job(number) for number in range(JOBS))
        for _ in range(KILLS):
            with batch.start("-q") as process:
                try:
                    process.communicate(timeout=moments.uniform(*APART))
                except subprocess.TimeoutExpired:
                    kill(process)
        done = batch.bfl(batch.file.name, "-o", "out", "-q")
        assert done.returncode in (0, 8), done.stderr
        uncertain = {row["inputs"]["prompt"] for row in batch.rows if row["state"] == "uncertain"}
        assert batch.states == {"done": JOBS - len(uncertain), **({"uncertain": len(uncertain)} if uncertain else {})}
        assert batch.whole() == JOBS - len(uncertain)
        assert {prompt for prompt, count in batch.created.items() if count > 1} == set()
        assert len(emulator.tasks) - len(uncertain & set(batch.created)) == JOBS - len(uncertain)
        assert "uncertain" in done.stderr or not uncertain
        resubmitted = batch.bfl(batch.file.name, "-o", "out", "-q", "--on-uncertain", "resubmit")
        while resubmitted.returncode == 8:  # a fault may strike again
            resubmitted = batch.bfl(batch.file.name, "-o", "out", "-q", "--on-uncertain", "resubmit")
        assert resubmitted.returncode == 0, resubmitted.stderr
        assert batch.whole() == JOBS
        left = [path.name for path in batch.out.iterdir() if path.name.endswith((".part", ".whole"))]
        assert left == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_what_is_under_way_and_says_how_to_resume(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, SIGTERM and SIGHUP begin no new work, say what is under way, save it, and exit with 130; the same command
    resumes it."""
    with Emulator(speed=8) as emulator:
        batch = Batch(tmp_path / "here", emulator)
        batch.write(job(number) for number in range(8))
        with batch.start("--concurrency", "2") as process:
            wait_for(lambda: len(emulator.tasks) >= 2, process)
            process.send_signal(number)
            _, err = process.communicate(timeout=LIMIT)
        assert process.returncode == 130, err
        assert re.search(r"interrupted: no new work is started; \d under way finish first; Ctrl-C leaves them", err)
        assert "run the same command again to resume" in err
        assert "Traceback" not in err
        assert 0 < batch.states["done"] < 8
        assert len(emulator.tasks) == batch.states["done"] == batch.whole()
        assert batch.bfl(batch.file.name, "-o", "out").returncode == 0
        assert set(batch.created.values()) == {1}


def test_nohup_is_respected(tmp_path: Path) -> None:
    """A batch that was started with SIGHUP ignored goes on to its end when its terminal is closed."""
    with Emulator(speed=8) as emulator:
        batch = Batch(tmp_path / "here", emulator)
        batch.write(job(number) for number in range(4))
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # is inherited
        try:
            process = batch.start("--concurrency", "2")
        finally:
            signal.signal(signal.SIGHUP, before)
        with process:
            wait_for(lambda: len(emulator.tasks) >= 2, process)
            process.send_signal(signal.SIGHUP)
            _, err = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, err
        assert batch.states == {"done": 4}


def test_jobs_come_through_a_pipe(batch: Batch, emulator: Emulator) -> None:
    """The name - takes the jobs from standard input, which is read once."""
    done = subprocess.run(
        [*BFL, "-", "-o", "out"],
        input=json.dumps(job(1)),
        cwd=batch.here,
        env=batch.environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    assert batch.states == {"done": 1}


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    """Ctrl-C twice does not wait for the tasks under way; the same command fetches them."""
    with Emulator(speed=0.01) as emulator:  # 800 seconds for a task
        batch = Batch(tmp_path / "here", emulator)
        batch.write(job(number) for number in range(3))
        with batch.start() as process:
            wait_for(lambda: len(emulator.tasks) == 3, process)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            for line in process.stderr:
                if "no new work" in line:
                    break
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=LIMIT)
        assert process.returncode == 130
        assert "run the same command again to resume" in err
        status = batch.bfl("status", "out", "--json")
        assert json.loads(status.stdout)["states"] == {"submitted": 3}


def test_a_broken_line_ends_with_its_number(batch: Batch, emulator: Emulator) -> None:
    """Mistakes are reported with their line numbers and one exit code; nothing is submitted and no folder is made."""
    batch.write([job(1), job(2, width=1), job(3, name="fox"), job(4, name="fox")])
    done = batch.bfl(batch.file.name, "-o", "out", "--json")
    assert done.returncode == 3
    assert "line 2: width: must be" in done.stderr
    assert "line 4: line 3 has the same name, 'fox'" in done.stderr
    assert [mistake["line"] for mistake in json.loads(done.stdout)["error"]["mistakes"]] == [2, 4]
    assert not emulator.requests
    assert [path.name for path in batch.here.iterdir() if path.name != "jobs.jsonl"] == []


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    """A second process in the same folder is refused with a way on; status may look meanwhile."""
    with Emulator(speed=0.1) as emulator:
        batch = Batch(tmp_path / "here", emulator)
        batch.write(job(number) for number in range(2))
        with batch.start() as process:
            wait_for(lambda: emulator.tasks, process)
            second = batch.bfl(batch.file.name, "-o", "out")
            status = batch.bfl("status", "out")
            kill(process)
        assert second.returncode == 4
        assert "another bfl batch is running in out" in second.stderr
        assert "--database-url" in second.stderr
        assert status.returncode == 0
        assert "1 at work now" in status.stdout


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """When no more can be written, the run ends with the reason; with room again, nothing is missing or paid twice."""
    with Emulator(speed=float("inf")) as emulator:
        batch = Batch(tmp_path / "here", emulator)
        batch.write(job(number) for number in range(40))
        full = batch.bfl(batch.file.name, "-o", "out", "-q", size=400_000)
        assert full.returncode == 11, full.stderr
        assert "Traceback" not in full.stderr
        assert re.search(r"bfl: .*(cannot be written|cannot write|File too large)", full.stderr)
        done = batch.bfl(batch.file.name, "-o", "out", "-q")
        assert done.returncode in (0, 8), done.stderr
        uncertain = {row["inputs"]["prompt"] for row in batch.rows if row["state"] == "uncertain"}
        assert batch.whole() == 40 - len(uncertain)
        assert set(batch.created.values()) == {1}
        assert len(uncertain) <= 24


def test_a_folder_that_cannot_be_made_is_one_line(batch: Batch) -> None:
    """A file in the place of the folder is reported in one line, before anything is sent."""
    batch.write([job(1)])
    batch.out.write_text("not a folder")
    done = batch.bfl(batch.file.name, "-o", "out")
    assert done.returncode == 11
    assert re.fullmatch(r"bfl: the folder out cannot be made: .*\n", done.stderr)
    assert batch.bfl("status", "nowhere").returncode == 4
    assert batch.bfl("missing.jsonl", "-o", "out").returncode == 11


def test_the_key_is_nowhere(batch: Batch, emulator: Emulator) -> None:
    """After a batch with failures, no file of its folder holds the key, all is private, and nothing is in the home."""
    batch.write([job(1), job(2, prompt="#error"), job(3)])
    emulator.script({"fault": "reset", "operation": "submit", "when": "after-answering", "nth": 3})
    done = batch.bfl(batch.file.name, "-o", "out", "--debug", "--concurrency", "1")
    assert done.returncode == 8
    assert "--retry-failed --on-uncertain resubmit" in done.stderr
    texts = [path.read_bytes() for path in batch.out.rglob("*") if path.is_file()]
    assert len(texts) >= 4
    assert not [text for text in texts if emulator.api_key.encode() in text]
    assert emulator.api_key not in done.stdout + done.stderr
    assert stat.S_IMODE(batch.out.stat().st_mode) == 0o700
    assert sorted(path.name for path in batch.here.iterdir()) == ["jobs.jsonl", "out"]


def test_only_a_batch_imports_the_database(batch: Batch) -> None:
    """Neither the command line nor the package imports SQLAlchemy, Pillow or Jinja before a batch is run."""
    code = (
        "import sys, bfl_cli.app, bfl_cli.batch, bfl_batch\n"
        "assert not {'sqlalchemy', 'psycopg', 'PIL', 'jinja2'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=batch.here, env=batch.environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
