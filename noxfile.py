"""Sessions for developers of the project. ``nox -l`` lists them; each installs what it needs."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.2"
nox.options.sessions = ["lint", "types", "tests", "drift"]
nox.options.reuse_existing_virtualenvs = True
nox.options.default_venv_backend = "uv|virtualenv"  # uv, where it is installed, takes two seconds instead of fourteen

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)  # from the classifiers


def _group(name: str) -> list[str]:
    return list(nox.project.dependency_groups(PROJECT, name))


@nox.session
def demo(session: nox.Session) -> None:
    """Make a picture with the emulator: fox.png in this folder. Costs nothing and needs no key."""
    session.install("-e", ".[cli,emulator]")
    arguments = session.posargs or ["a fox in the snow, woodcut", "-p", "width=1024", "-p", "output_format=png"]
    session.run("bfl", "generate", "flux-dev", *arguments, "--emulator", "--force", "-o", "fox.png")


@nox.session
def generate(session: nox.Session) -> None:
    """Regenerate generated/bfl_api from openapi.json and openapi-overlay.yml."""
    session.install(*_group("codegen"))
    session.run("python", "-m", "codegen", "generate", *session.posargs)


@nox.session
def drift(session: nox.Session) -> None:
    """Fail if generated/bfl_api differs by a byte from what regenerating gives."""
    session.install(*_group("codegen"))
    session.run("python", "-m", "codegen", "drift", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """The checks of .pre-commit-config.yaml on all files: likely mistakes, style, and the workflows."""
    session.install(*_group("lint"))
    session.run("pre-commit", "run", "--all-files", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict, as on Linux, macOS and Windows, and pyright, on all hand-written code."""
    session.install("-e", ".[all]", *_group("types"))
    ours = ["wrapper/bfl_client", "cli/bfl_cli", "batch/bfl_batch", "emulator/bfl_emulator", "mcp_server/bfl_mcp"]
    ours += ["codegen", "docs", "tests", "examples", "noxfile.py"]
    for platform in ("linux", "darwin", "win32"):
        cache = f"--cache-dir=.mypy_cache/{platform}"
        session.run("mypy", f"--platform={platform}", cache, *ours)
    session.run("pyright")


def _suite(session: nox.Session) -> None:
    """Run all tests but those of other sessions; one worker runs tests/contract, the others the rest."""
    elsewhere = [f"--ignore={path}" for path in PROJECT["tool"]["bfl-client"]["tests-of-other-sessions"]]
    session.run("pytest", *(session.posargs or ["-n", "auto", *elsewhere]))


@nox.session
def tests(session: nox.Session) -> None:
    """The test suite, on the Python that runs nox."""
    session.install("-e", ".[all]", *_group("test"))
    session.run("python", "-m", "codegen", "drift")  # installs the generator, so that no test has to
    _suite(session)


@nox.session(python=PYTHONS)
def matrix(session: nox.Session) -> None:
    """The test suite on every supported Python that is installed here."""
    session.install("-e", ".[all]", *_group("test"))
    session.run("python", "-m", "codegen", "drift")
    _suite(session)


@nox.session
def httpx2(session: nox.Session) -> None:
    """The tests of client, emulator and contract on httpx2, then a caller's httpx client beside our httpx2."""
    session.install("-e", ".[all,httpx2]", *_group("test"))
    session.run("python", "-m", "codegen", "drift")
    chosen = session.posargs or ["-n", "auto", "tests/client", "tests/emulator", "tests/contract"]
    session.run("python", "-m", "pytest", "-p", "tests.on_httpx2", *chosen)
    ours = {"BFL_TESTS_ON_HTTPX2": "1"}
    session.run("pytest", "tests/client/test_requests.py", "-k", "library", env=ours)


@nox.session
def changes(session: nox.Session) -> None:
    """Adopt every specification change in the table with contract tests, and many at once with the fast suite. Slow."""
    session.install("-e", ".[all]", *_group("test"))
    session.run("python", "-m", "codegen", "drift")
    chosen = session.posargs or ["-n", "auto", "tests/codegen/test_refresh_of_changes.py"]
    session.run("pytest", *chosen)
    if not session.posargs:
        session.run("pytest", "tests/codegen/test_suite_after_refresh.py")


@nox.session
def refresh(session: nox.Session) -> None:
    """Adopt a specification (a FILE or URL after --; else the live document); fails only when it is refused."""
    session.install("-e", ".[all]", *_group("test"))
    session.run("python", "-m", "codegen", "refresh", *session.posargs, success_codes=[0, 1, 2])


@nox.session(name="contract-live")
def contract_live(session: nox.Session) -> None:
    """Show where the live service and the specification disagree, at no cost. Needs BFL_API_KEY."""
    session.install("-e", ".[all]", *_group("test"))
    session.run("python", "-m", "codegen.live", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Seed defects, each of which the contract tests must catch. Slow."""
    session.install("-e", ".[all]", *_group("test"))
    session.run("python", "-m", "codegen", "drift")
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Try random mutants of a package (its name after --; then how many, and the seed) with its own tests. Slow."""
    session.install("-e", ".[all]", *_group("mutation"))
    session.run("python", "-m", "codegen", "drift")
    session.run("python", "-m", "tests.mutation", *(session.posargs or ["bfl_client"]))


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the client's overhead as ratios to a plain httpx script. Takes minutes, on an otherwise idle machine."""
    session.install(".")  # as users have it, without rich and click; compiled
    session.run("python", "-m", "benchmarks")
    session.install(".[httpx2]")
    session.run("python", "-m", "benchmarks", "async")
    session.install(".[cli]")
    session.run("python", "-m", "benchmarks.cli")


@nox.session
def soak(session: nox.Session) -> None:
    """Run ten thousand tasks (or the number after --) through a faulty emulator, and account for every one."""
    session.install(".[emulator]")
    session.run("python", "-m", "benchmarks.soak", *session.posargs)


@nox.session
def load(session: nox.Session) -> None:
    """Measure emulator and batch: throughput, tasks in flight, memory. Takes minutes, on an otherwise idle machine."""
    session.install(".[emulator,batch]")
    session.run("python", "-m", "benchmarks.load", *session.posargs)
    session.run("python", "-m", "benchmarks.batch")


@nox.session
def batch(session: nox.Session) -> None:
    """Test batches at full size: killed ten times, two processes on PostgreSQL, the sheet in Chromium. Needs both."""
    session.install("-e", ".[all]", *_group("test"), *_group("browser"))
    required = {"BFL_BATCH_LARGE": "1", "BFL_REQUIRE_POSTGRES": "1", "BFL_REQUIRE_CHROMIUM": "1"}
    session.run("pytest", *(session.posargs or ["-n", "auto", "-m", "large", "tests/batch"]), env=required)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into build/docs, without a network, and test what was built. Needs Chromium."""
    session.install("-e", ".[all]", *_group("docs"), *_group("test"), *_group("browser"))
    shutil.rmtree("build/docs", ignore_errors=True)  # or a page that is gone would stay
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-E", "-d", "build/doctrees", "docs", "build/docs")
    required = {"BFL_SITE": "build/docs", "BFL_REQUIRE_CHROMIUM": "1"}
    session.run("pytest", *(session.posargs or ["-n", "auto", "tests/docs"]), env=required)


@nox.session
def interop(session: nox.Session) -> None:
    """Run clients that others wrote, unchanged, against the emulator. Needs Node.js."""
    session.install("-e", ".[emulator]", *_group("test"), "virtualenv")
    session.run("pytest", *(session.posargs or ["tests/interop"]), env={"BFL_INTEROP": "1"})


@nox.session
def ordinary(session: nox.Session) -> None:
    """Tests of all programs as an ordinary person runs them: no root, few files, a proxy, a space in the path."""
    session.install("virtualenv")
    session.run("python", "-m", "tests.ordinary", *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """Look for known vulnerabilities in the dependencies."""
    session.install(".[all]", "pip-audit")
    session.run("pip-audit", "--skip-editable")


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel from the source distribution, and test it with the source folders out of reach."""
    session.install("build", *_group("test"))
    with tempfile.TemporaryDirectory() as folder:
        session.run("python", "-m", "build", "--outdir", folder, ".")
        (built,) = Path(folder).glob("*.whl")
        kept = [built, *Path(folder).glob("*.tar.gz")]
        session.install("--force-reinstall", "--no-deps", str(built))
        session.install(f"{built}[all]")
        elsewhere = Path(folder) / "elsewhere"
        elsewhere.mkdir()
        sources = "tests codegen pyproject.toml noxfile.py openapi.json openapi-overlay.yml generator-config.yml .ci"
        pages = "README.md ARCHITECTURE.md CHANGELOG.md CONTRIBUTING.md SECURITY.md docs examples skills"
        for name in f"{sources} {pages}".split():
            session.run("cp", "-r", name, str(elsewhere), external=True)
        session.chdir(elsewhere)
        chosen = session.posargs or [
            "-n",
            "auto",
            "tests/client",
            "tests/emulator",
            "tests/cli",
            "tests/mcp_server",
            "tests/pages",
            "--ignore=tests/pages/test_links.py",  # links lead to files of the repository, which is out of reach
        ]
        session.run("pytest", "-p", "no:cacheprovider", *chosen)
        if into := os.environ.get("BFL_DIST"):  # what was tested is what a release publishes
            Path(into).mkdir(parents=True, exist_ok=True)
            for file in kept:
                shutil.copy(file, into)
