"""The rules of the house that can be checked: who imports whom, and that no hand-written code names an endpoint."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from bfl_api.table import ENDPOINTS

from tests.mutants.defects import DEFECTS, Defect

PACKAGES: dict[str, set[str]] = {
    "bfl_cli": {"bfl_batch", "bfl_client", "bfl_emulator", "bfl_mcp"},
    "bfl_batch": {"bfl_client"},
    "bfl_mcp": {"bfl_client"},
    "bfl_client": {"bfl_api"},
    "bfl_api": set(),
    "bfl_emulator": {"bfl_api"},
    "docs": {"bfl_api", "bfl_client", "bfl_emulator", "codegen"},
    "codegen": {"bfl_api"},  # codegen.live alone, which compares the packaged specification with the live service
}
"""Package -> the packages of ours that it may import. Arrows run down only."""

CORE: dict[str, set[str]] = {
    "": {"answers", "client", "errors", "policy", "tasks", "version", "webhooks"},
    "client": {
        "answers", "auth", "constraints", "errors", "flows", "library", "many", "media", "policy", "specification",
        "steps", "tasks", "transport",
    },
    "tasks": {"answers", "errors", "files", "flows", "formats", "pictures", "policy", "specification", "steps"},
    "many": {"errors", "policy"},
    "formats": set(),
    "flows": {"answers", "auth", "formats", "errors", "policy", "steps"},
    "files": set(),
    "failures": {"errors"},
    "transport": {"answers", "errors", "failures", "library", "steps", "version"},
    "constraints": {"errors", "media", "specification"},
    "specification": {"errors", "media", "pictures"},
    "answers": {"errors", "steps"},
    "webhooks": {"answers", "errors"},
    "auth": {"errors", "library"},
    "library": set(),
    "media": {"errors", "formats", "pictures"},
    "pictures": {"errors"},
    "policy": {"errors"},
    "steps": {"errors"},
    "tracing": set(),
    "errors": set(),
    "version": set(),
}  # fmt: skip
"""Module of bfl_client -> what of the wrapper it may import."""

EMULATOR_READS = "bfl_api.specification"
HAND_WRITTEN = [name for name in PACKAGES if name != "bfl_api"]


@cache
def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@cache
def _modules(package: str) -> dict[str, Path]:
    """Every module of a package by its full name."""
    found = {}
    for path in sorted(_folder(package).rglob("*.py")):
        parts = path.relative_to(_folder(package)).with_suffix("").parts
        found[".".join([package, *(part for part in parts if part != "__init__")])] = path
    assert len(found) > 1, f"{package} has no modules where it is looked for"
    return found


@cache
def _every_module() -> dict[str, Path]:
    return {name: path for package in PACKAGES for name, path in _modules(package).items()}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imported(name: str) -> Iterator[tuple[str, str]]:
    """Module and name of everything that a module imports, within functions and for type checkers too."""
    path = _every_module()[name]
    home = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            lead = home[: len(home) - node.level + 1] if node.level else []
            base = ".".join([*lead, *filter(None, [node.module])])
            yield from ((base, alias.name) for alias in node.names)


@cache
def _arrows(name: str) -> frozenset[str]:
    """The modules of ours that a module imports."""
    found = set()
    for base, member in _imported(name):
        target = f"{base}.{member}" if f"{base}.{member}" in _every_module() else base
        if target in _every_module() and target != name:
            found.add(target)
    return frozenset(found)


def _package(name: str) -> str:
    return name.partition(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_down_the_table(package: str) -> None:
    """Each package imports of ours only what the table allows."""
    for name in _modules(package):
        found = {_package(target) for target in _arrows(name)} - {package}
        assert found <= PACKAGES[package], f"{name} imports {found - PACKAGES[package]}"


def test_core_modules_import_down_the_table() -> None:
    """Each module of the wrapper imports only the modules that the table allows."""
    for name in _modules("bfl_client"):
        short = name.removeprefix("bfl_client").lstrip(".")
        found = {target.removeprefix("bfl_client").lstrip(".") for target in _arrows(name) if "bfl_client" in target}
        assert found <= CORE[short], f"{name} imports {found - CORE[short]}"


def test_the_table_is_the_wrapper() -> None:
    """The table has each module of the wrapper, and no other."""
    assert {name.removeprefix("bfl_client").lstrip(".") for name in _modules("bfl_client")} == set(CORE)


def _circles() -> list[set[str]]:
    """Sets of modules that import each other, by Tarjan's algorithm.

    A package's __init__ that lists names for type checkers counts; importing a submodule does not count as importing
    the packages around it.
    """
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for target in _arrows(name):
            if target not in order:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], order[target])
        if low[name] == order[name]:
            circle = {stack.pop()}
            while name not in circle:
                circle.add(stack.pop())
            if len(circle) > 1:
                found.append(circle)

    for name in _every_module():
        if name not in order:
            visit(name)
    return found


def test_one_module_knows_the_http_libraries() -> None:
    """In the client nothing but `library` imports httpx or httpx2."""
    roots = {"httpx", "httpx2"}
    importers = {name for name in _modules("bfl_client") for base, _ in _imported(name) if base.split(".")[0] in roots}
    assert importers == {"bfl_client.library"}


def test_there_is_no_circle() -> None:
    """No module of ours imports itself by way of others, counting imports for type checkers."""
    ours = [circle for circle in _circles() if {_package(name) for name in circle} != {"bfl_api"}]
    assert not ours


def test_the_emulator_knows_the_specification_only() -> None:
    """The emulator imports neither the client nor the generated models, so that no mistake stands on both sides."""
    for name in _modules("bfl_emulator"):
        found = {target for target in _arrows(name) if _package(target) == "bfl_api"}
        assert found <= {EMULATOR_READS}, f"{name} imports {found}"


@pytest.mark.parametrize("package", ["bfl_cli", "bfl_batch", "bfl_mcp"])
def test_front_ends_use_public_names_only(package: str) -> None:
    """Command line, batch and MCP server neither import nor read a name of another's that begins with an underscore."""
    for name, path in _modules(package).items():
        imported = [member for base, member in _imported(name) if _package(base) != package and _is_private(member)]
        assert not imported, f"{name} imports {imported}"
        foreign = [
            node.attr
            for node in ast.walk(_tree(path))
            if isinstance(node, ast.Attribute)
            and _is_private(node.attr)
            and ast.unparse(node.value) not in ("self", "cls")
        ]
        assert not foreign, f"{name} reads {foreign}"


def _is_private(name: str) -> bool:
    documented = {"_asdict", "_fields", "_replace", "_make", "_exit"}  # of NamedTuple and os
    return name.startswith("_") and not name.startswith("__") and name not in documented


def test_codegen_needs_nothing_that_it_generates() -> None:
    """Only codegen.live reads the generated package: the rest writes it."""
    reading = {name for name in _modules("codegen") if any(_package(each) == "bfl_api" for each in _arrows(name))}
    assert reading <= {"codegen.live.__main__"}


@pytest.mark.parametrize("package", HAND_WRITTEN)
def test_no_hand_written_code_names_an_endpoint(package: str) -> None:
    """Outside docstrings, no string and no attribute of hand-written code names an endpoint or its method."""
    methods = {method for endpoint in ENDPOINTS.values() for method in endpoint.method_names}
    for path in _modules(package).values():
        docstrings = {
            id(node.value)
            for node in ast.walk(_tree(path))
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                named = [name for name in ENDPOINTS if name in node.value]
                assert not named, f"{path.name}:{node.lineno} names {named}"
            elif isinstance(node, ast.Attribute):
                assert node.attr not in methods, f"{path.name}:{node.lineno} calls {node.attr}"


def test_no_class_stands_for_two_things() -> None:
    """No two packages have a public class of the same name."""
    owners: dict[str, set[str]] = {}
    for package in ("bfl_cli", "bfl_batch", "bfl_client", "bfl_emulator", "bfl_mcp"):
        for path in _modules(package).values():
            for node in _tree(path).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    owners.setdefault(node.name, set()).add(package)
    assert not {name: packages for name, packages in owners.items() if len(packages) > 1}


def _architecture() -> str:
    return (Path(__file__).parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_the_architecture_page_names_every_room() -> None:
    """ARCHITECTURE.md names each hand-written module, or the folder that it is in."""
    text = _architecture()
    for package in HAND_WRITTEN:
        rooms = {name.split(".")[1] for name in _modules(package) if "." in name and not name.endswith("__main__")}
        assert rooms <= set(re.findall(r"`(\w+)/?`", text)), f"{package}: {sorted(rooms)}"


def test_the_architecture_page_names_only_what_there_is() -> None:
    """Every dotted name in ARCHITECTURE.md is a module of ours, or something in one."""
    names = re.findall(r"`((?:bfl_\w+|codegen)(?:\.\w+)+)`", _architecture())
    assert names
    for name in names:
        parts = name.split(".")
        known = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
        module = next(each for each in known if each in _every_module())
        member = parts[len(module.split(".")) :]
        source = _every_module()[module].read_text(encoding="utf-8")
        assert not member or re.search(rf"^(class|def|async def) {member[0]}\b", source, re.MULTILINE), name


def test_modules_are_subjects() -> None:
    """No hand-written module is longer than 600 lines."""
    long = {
        name: count
        for package in HAND_WRITTEN
        for name, path in _modules(package).items()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 600
    }
    assert not long


@pytest.mark.parametrize("package", ["bfl_api", "bfl_batch", "bfl_cli", "bfl_client", "bfl_emulator", "bfl_mcp"])
def test_type_checkers_read_every_package(package: str) -> None:
    """Each package that is shipped says that its types are meant to be read."""
    assert (_folder(package) / "py.typed").is_file()


def _modules_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_model_comes_without_the_wrapper() -> None:
    """Importing a generated model imports neither httpx nor the wrapper."""
    loaded = _modules_after("from bfl_api.models import AsyncResponse; AsyncResponse(id='x', polling_url='y')")
    assert not loaded & {"httpx", "bfl_client", "jsonschema_rs"}


def test_importing_the_package_imports_nothing_heavy() -> None:
    """`import bfl_client` loads no httpx and no attrs; a client alone loads no validator."""
    assert not _modules_after("import bfl_client") & {"httpx", "httpx2", "attrs", "attr", "anyio", "typing_extensions"}
    heavy = {"typer", "dateutil", "jsonschema_rs", "starlette", "uvicorn", "PIL", "bfl_emulator"}
    assert not _modules_after("from bfl_client import Client; Client('key')") & heavy


@pytest.mark.about("flux-dev:steps")  # some of them are in its model
@pytest.mark.parametrize("defect", DEFECTS, ids=[defect.name for defect in DEFECTS])
def test_every_seeded_defect_finds_its_place(defect: Defect) -> None:
    """The text that the session `mutants` changes occurs once in its file, so that the session can seed the defect."""
    path = Path(__file__).parents[1] / defect.file
    if defect.old or path.is_file():
        assert path.read_text(encoding="utf-8").count(defect.old) == 1


def test_every_session_runs_on_every_push_and_before_a_release() -> None:
    """The sessions of .ci/run are those of the workflow, and the release needs that workflow."""
    script = (Path(__file__).parents[1] / ".ci" / "run").read_text(encoding="utf-8")
    found = re.search(r"^for session in (.*); do$", script, re.MULTILINE)
    assert found
    workflows = Path(__file__).parents[1] / ".github" / "workflows"
    jobs = yaml.safe_load((workflows / "ci.yml").read_text(encoding="utf-8"))["jobs"]
    assert jobs["checks"]["strategy"]["matrix"]["session"] == found[1].split()
    assert any(step.get("run") == "bash .ci/run readme" for step in jobs["readme"]["steps"])
    release = yaml.safe_load((workflows / "release.yml").read_text(encoding="utf-8"))["jobs"]
    assert release["ci"]["uses"] == "$/.github/workflows/ci.yml"
    assert (release["build"]["needs"], release["publish"]["needs"]) == ("ci", "build")
