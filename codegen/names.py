"""Names: those that openapi-python-client gives, and those of the typed methods and their parameters.

The first half repeats the naming rules of the pinned generator, so that its classes and modules can be found. If it
names something differently, the checks stop the generation.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

_DELIMITERS = r"\. _-"
_GENERATOR_RESERVED = (set(dir(builtins)) | {"self", "true", "false", "datetime"}) - {"id"}
_CLASS_RESERVED = {
    *("Any", "AuthenticatedClient", "BinaryIO", "BytesIO", "Client", "File", "FileTypes", "Generator", "HTTPStatus"),
    *("Literal", "Mapping", "Response", "T", "TextIO", "TypeVar", "UNSET", "Unset", "UUID"),
    *dir(builtins),
}
_METHOD_RESERVED = {
    *("bool", "bytes", "dict", "float", "int", "list", "object", "str", "tuple"),
    *("Any", "Coroutine", "Literal", "Mapping", "Media", "R", "Sequence", "T"),
}
_VERSION_PREFIX = re.compile(r"^/v([0-9]+)(?=/|$)")


def _words(text: str) -> list[str]:
    safe = "".join(c for c in text if c.isidentifier() or c.isdecimal() or c in _DELIMITERS)
    if any(c.isupper() for c in safe):
        safe = " ".join(re.split("([A-Z]?[a-z]+)", safe))
    return re.findall(rf"[^{re.escape(_DELIMITERS)}]+", safe)


def pascal(text: str) -> str:
    """Return a text in the generator's PascalCase, ASCII only."""
    ascii_only = re.sub(r"[^0-9A-Za-z]+", " ", text)
    return "".join(word if word.isupper() else word.capitalize() for word in _words(ascii_only))


def class_name(schema: str) -> str:
    """Return the class of a schema: a name that the generator keeps as it is, and that hides nothing it imports."""
    name = pascal(pascal(schema))
    if not name.isidentifier() or keyword.iskeyword(name):
        name = pascal(f"Schema {name}")
    return f"{name}Schema" if name in _CLASS_RESERVED else name


def generator_name(text: str, prefix: str = "field_") -> str:
    """Return the generator's identifier for a property, operation or class, as used for fields and modules."""
    name = "_".join(_words(text)).lower()
    if name in _GENERATOR_RESERVED or keyword.iskeyword(name):
        name += "_"
    leading = next((c for c in text if c.isidentifier() or c.isdecimal() or c in _DELIMITERS), "")
    return name if name.isidentifier() and leading != "_" else prefix + name


def tag_name(tag: str) -> str:
    """Return the generator's subpackage for a tag."""
    return generator_name(tag, prefix="tag")


def endpoint_name(path: str) -> str:
    """Return the path without its version: `a/b-1` for `/v1/a/b-1`."""
    return _VERSION_PREFIX.sub("", path).strip("/")


def versions(paths: Iterable[str]) -> dict[str, str]:
    """Return the versions that belong into the names of paths: `v2` where a lower version has the rest of the path.

    The lowest version has the plain name, so that code that was written for it goes on doing, and costing, the same.
    """
    found: dict[str, dict[int, str]] = {}
    for path in paths:
        prefix = _VERSION_PREFIX.match(path)
        found.setdefault(endpoint_name(path), {})[int(prefix[1]) if prefix else 0] = path
    named = [(number, same[number]) for same in found.values() for number in sorted(same)[1:]]
    return {path: f"v{number}" for number, path in named}


def identifier(text: str) -> str:
    """Return a text as a Python identifier that starts with a letter and is not a keyword."""
    name = re.sub(r"[^0-9A-Za-z]", "_", text)
    if not name[:1].isalpha():
        name = f"field_{name}"
    return f"{name}_" if keyword.iskeyword(name) or name == "self" else name


def method_name(path: str, *suffixes: str) -> str:
    """Return the method for a path: the part after the version, with `_` for all but letters and digits."""
    plain = re.sub(r"[{}]", "", endpoint_name(path))
    name = identifier("_".join(filter(None, (plain, *suffixes))))
    return f"{name}_" if name in _METHOD_RESERVED else name


def parameter_names(properties: Iterable[str]) -> dict[str, str]:
    """Map each property to its keyword: its own name where possible, and no keyword twice."""
    wanted = list(properties)
    result = {name: name for name in wanted if identifier(name) == name}
    for name in wanted:
        if name in result:
            continue
        keyword_name = identifier(name)
        while keyword_name in result.values():
            keyword_name += "_"
        result[name] = keyword_name
    return result
