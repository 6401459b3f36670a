"""Checks of the finished package before it replaces the old one. Each failure names the operation, schema or file."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema_rs

from .derive import Derived
from .methods import TaskEndpoint
from .reading import read
from .render import HEADER
from .report import CodegenError

_ROOT_FILES = {
    *("__init__.py", "client.py", "endpoints.py", "errors.py", "openapi.json", "py.typed"),
    *("specification.py", "table.py", "types.py", "utility.py"),
}


def check(package: Path, document: dict[str, Any], derived: Derived, endpoints: Iterable[TaskEndpoint]) -> None:
    """Raise CodegenError unless the package is complete, compiles, and contains nothing else."""
    if read(package / "openapi.json") != document:
        raise CodegenError("openapi.json in the package is not the effective specification")
    _check_schemas(document)
    _check_files(package, derived)
    trees = {path: _tree(path) for path in sorted(package.rglob("*.py"))}
    for name, module in derived.models.items():
        if name not in _defined(trees[package / "models" / f"{module}.py"].body):
            raise CodegenError(f"models/{module}.py does not define {name}")
    for path in (path for path in trees if path.name == "__init__.py"):
        if any(isinstance(node, ast.ImportFrom) and node.level for node in trees[path].body):
            raise CodegenError(f"{path.parent.name}/__init__.py is not lazy")
    _check_endpoints(trees[package / "table.py"], trees[package / "endpoints.py"], endpoints)


def _check_schemas(document: dict[str, Any]) -> None:
    """Check that a validator can be built from each schema: the client and the emulator do so for every request."""
    for name, schema in document["components"]["schemas"].items():
        try:
            jsonschema_rs.meta.validate(schema)
        except jsonschema_rs.ValidationError as error:
            raise CodegenError(
                f"schema {name} is no JSON Schema: {'/'.join(map(str, error.instance_path))}: {error.message}"
            ) from error


def _check_files(package: Path, derived: Derived) -> None:
    """Check that there is one module for each operation and schema, and no other file."""
    inits = {"api", "models", *(f"api/{module.partition('/')[0]}" for module in derived.modules.values())}
    expected = {
        **dict.fromkeys([*_ROOT_FILES, *(f"{folder}/__init__.py" for folder in inits)], "the package"),
        **{f"api/{module}.py": f"the operation {name}" for name, module in derived.modules.items()},
        **{f"models/{module}.py": f"the schema {name}" for name, module in derived.models.items()},
    }
    found = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    for missing in sorted(expected.keys() - found):
        raise CodegenError(f"{missing} was not generated for {expected[missing]}")
    for extra in sorted(found - expected.keys()):
        raise CodegenError(f"{extra} belongs to no operation and no schema")


def _check_endpoints(table: ast.Module, methods: ast.Module, endpoints: Iterable[TaskEndpoint]) -> None:
    rows = {node.value for node in ast.walk(table) if isinstance(node, ast.Constant)}
    classes = [node for node in methods.body if isinstance(node, ast.ClassDef) and node.name == "Endpoints"]
    defined = [name for node in classes for name in _names(node.body)]
    for endpoint in endpoints:
        if endpoint.name not in rows:
            raise CodegenError(f"{endpoint.path} is not in table.py")
        for method in endpoint.methods:
            if defined.count(method.name) != 1:
                count = defined.count(method.name)
                raise CodegenError(f"{endpoint.path}: endpoints.py has {count} methods {method.name}")


def _tree(path: Path) -> ast.Module:
    """Parse and compile one module. A warning of the compiler is an error."""
    text = path.read_text(encoding="utf-8")
    if not text.startswith(HEADER):
        raise CodegenError(f"{path.name} lacks the header")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(text, str(path), "exec", dont_inherit=True)
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, Warning) as error:
        raise CodegenError(f"{path.parent.name}/{path.name} does not compile: {error}") from error


def _defined(body: list[ast.stmt]) -> set[str]:
    return set(_names(body))


def _names(body: list[ast.stmt]) -> list[str]:
    """Return the names that statements define: classes, functions, assigned names, imported names."""
    found: list[str] = []
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.append(node.name)
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        found += [target.id for target in targets if isinstance(target, ast.Name)]
        if isinstance(node, ast.ImportFrom):
            found += [alias.asname or alias.name for alias in node.names]
    return found
