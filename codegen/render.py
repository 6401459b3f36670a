"""The modules that codegen writes itself and the package `__init__`s, from the folder `templates`."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2

from .methods import Parameter, TaskEndpoint, TaskReader, UtilityReader
from .reading import dump
from .report import CodegenError, Report
from .specification import Specification
from .text import docstring, literal

HEADER = "# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.\n"


def render_typed_modules(package: Path, specification: Specification, report: Report) -> list[TaskEndpoint]:
    """Write the endpoint table, the typed methods, the utility methods and the packaged specification."""
    templates = _environment()
    endpoints = TaskReader(specification, report).read()
    utilities = UtilityReader(specification, report).read()
    servers = specification.document.get("servers") or [{}]
    values: dict[str, dict[str, Any]] = {
        "endpoints": {"endpoints": endpoints},
        "table": {"endpoints": endpoints},
        "utility": {
            "methods": utilities,
            "models": {model.name: model for m in utilities for model in m.answer.models},
        },
        "specification": {"server": str(servers[0].get("url", ""))},
    }
    for name, context in values.items():
        text = templates.get_template(f"{name}.py.jinja").render(context)
        (package / f"{name}.py").write_text(text, encoding="utf-8", newline="\n")
    (package / "openapi.json").write_text(dump(specification.document), encoding="utf-8", newline="\n")
    (package / "py.typed").write_text("", encoding="utf-8")
    return endpoints


def render_inits(package: Path) -> None:
    """Replace the package `__init__`s with lazy ones that have the same names; those below `api` have their modules."""
    template = _environment().get_template("init.py.jinja")
    tags = sorted(path.parent for path in (package / "api").glob("*/__init__.py"))
    subpackages = [("api", "", ""), ("models", "", "")]
    inits = {
        package: ("Generated from the specification of the API.", [*_exports(package), *subpackages]),
        package / "models": ("All models of requests and answers.", _exports(package / "models")),
        package / "api": ("The operations as functions, by tag.", [(tag.name, "", "") for tag in tags]),
    }
    for tag in tags:
        modules = sorted(path.stem for path in tag.glob("*.py") if path.stem != "__init__")
        inits[tag] = ("One module per operation.", [(module, "", "") for module in modules])
    for folder, (text, exports) in inits.items():
        rendered = template.render(text=text, exports=sorted(exports))
        (folder / "__init__.py").write_text(rendered, encoding="utf-8", newline="\n")


def write_headers(package: Path) -> None:
    """Write the header, which names the command, at the top of each module."""
    for path in sorted(package.rglob("*.py")):
        path.write_text(HEADER + "\n" + path.read_text(encoding="utf-8").lstrip("\n"), encoding="utf-8", newline="\n")


def _exports(folder: Path) -> list[tuple[str, str, str]]:
    """Return name, module and attribute of everything that the generator's own `__init__` imports."""
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    if any(node.level != 1 or not node.module or any(alias.asname for alias in node.names) for node in found):
        raise CodegenError(f"the generator's template changed: {folder.name}/__init__.py has other imports")
    return [(alias.name, node.module or "", alias.name) for node in found for alias in node.names]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=jinja2.select_autoescape(()),  # none, because the output is Python: see `text`
    )
    environment.filters.update(literal=literal, docstring=_docstring, signature=_signature, by_keyword=_by_keyword)
    return environment


def _docstring(lines: Iterable[str], parameters: Iterable[Parameter] = ()) -> str:
    listed = [f"    {one.keyword}: {one.text}".rstrip() for one in parameters]
    return docstring([*lines, *(["Args:", *listed] if listed else [])])


def _by_keyword(parameters: Iterable[Parameter]) -> str:
    """Return the signature behind `self` of a method that takes keywords, but may be given the prompt by position."""
    first = [one for one in parameters if one.name == "prompt"]
    others = [one for one in parameters if one.name != "prompt"]
    pieces = [_signature(first), *(["*", _signature(others)] if others else [])]
    return "".join(f", {piece}" for piece in pieces if piece)


def _signature(parameters: Iterable[Parameter]) -> str:
    optional = (" | None = None", " = None")
    return ", ".join(
        f"{one.keyword}: {one.annotation}" + ("" if one.required else optional[one.annotation == "Any"])
        for one in parameters
    )
