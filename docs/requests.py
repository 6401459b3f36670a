"""One request to an endpoint, written in five ways: in Python, asynchronously, for `bfl`, as a job, for curl."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bfl_api.specification import SERVER
from bfl_client import specification
from bfl_client.specification import Endpoint, Form, Parameter
from bfl_emulator.specification import Specification, minimal

WIDE = 84
"""Characters of a line of code, as far as they can be chosen."""
SHOWN = ("prompt", "mask", "left", "right")
"""Parameters that an example has although they are optional: without them it would show little."""
SAMPLES: dict[str, Any] = {"finetune_id": "my-finetune", "width": 1024, "height": 768, "left": 256, "right": 256}
PICTURES = ("mask", "person", "garment")
"""Parameters whose picture has a file of its own; all others take the photo."""

PROMPTS = {
    "inpaint": "a frozen lake",
    "expand": "more of the mountains",
    "outpaint": "more of the mountains",
    "try-on": "the person wears the coat",
    "animate": "clouds pass over the mountains",
    "continue": "the sun sets behind the mountains",
}
"""What an example says of what it sends, by what is done with it (the mark ``x-bfl-emulate``)."""


class Request(NamedTuple):
    """The example of one shape of an endpoint's body; its pictures and videos are `Path`s.

    Attributes:
        method: the typed method, which gives what selects the shape by itself.
        marks: what the specification says of it beyond its schema (``x-bfl-…``).
    """

    endpoint: Endpoint
    form: Form
    body: dict[str, Any]
    method: str
    marks: Mapping[str, Any]

    @property
    def selector(self) -> str:
        """The parameter that selects the shape, which the typed method does not take; empty if there is one shape."""
        return self.form.title.partition("=")[0]

    @property
    def name(self) -> str:
        """The endpoint's name, with what selects the shape if there are several."""
        return "-".join(filter(None, [self.endpoint.name, str(self.body.get(self.selector, ""))]))

    @property
    def file(self) -> str:
        """The name for the result; without a suffix where the format is not known in advance."""
        return "result" + specification.suffix(self.endpoint.name, self.body)

    def placed(self, folder: Path) -> dict[str, Any]:
        """The body with its files in a folder."""
        return {key: _placed(value, folder) for key, value in self.body.items()}


def _placed(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_placed(each, folder) for each in value]
    return folder / value if isinstance(value, Path) else value


def requests(endpoint: Endpoint) -> list[Request]:
    """An example for each shape of an endpoint's body, in the order of its methods."""
    return sorted(
        (_request(endpoint, form) for form in specification.forms(endpoint.name) or [Form("", ())]),
        key=lambda each: endpoint.method_names.index(each.method),
    )


def _request(endpoint: Endpoint, form: Form) -> Request:
    chosen = [each for each in form.parameters if each.required or each.name in SHOWN]
    selector = form.title.partition("=")[0]
    selected = {each.name: each.choices[0] for each in chosen if each.name == selector}
    marks = _marks(endpoint, selected)
    sends = any(each.media and each.required for each in form.parameters)
    prompt = PROMPTS.get(effect(marks), "the same as a woodcut") if sends else "a fox in the snow"
    body = {each.name: _value(each, prompt) for each in sorted(chosen, key=_place)}
    return Request(endpoint, form, body, _method(endpoint, str(selected.get(selector, ""))), marks)


def effect(marks: Mapping[str, Any]) -> str:
    """What a request does with the pictures and videos in it, by its marks; empty if they do not say."""
    mark = marks.get("x-bfl-emulate", "")
    return str(mark.get("effect", "") if isinstance(mark, Mapping) else mark)


def _marks(endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
    """The marks of an operation and of the shape of its body, whose own come first."""
    found: dict[str, Any] = {}
    whole = {"$ref": endpoint.schema} if endpoint.schema else {}
    branch = specification.resolved(specification.selected(whole, body)[0])
    for node in (specification.document()["paths"][endpoint.path]["post"], branch):
        for key in filter(lambda key: key.startswith("x-bfl-"), node):
            both = isinstance(found.get(key), dict) and isinstance(node[key], dict)
            found[key] = {**found[key], **node[key]} if both else node[key]
    return found


def _method(endpoint: Endpoint, value: str) -> str:
    """The typed method for a value of what selects the shape."""
    ending = "_" + re.sub(r"\W", "_", value)
    return next((each for each in endpoint.method_names if each.endswith(ending)), endpoint.method_names[0])


def _place(parameter: Parameter) -> tuple[bool, bool]:
    return parameter.name != "prompt", not parameter.media


def _value(parameter: Parameter, prompt: str) -> Any:
    if parameter.name == "prompt":
        return prompt
    if parameter.media:
        file = Path(file_name(parameter))
        return file if "string" in parameter.types or not parameter.types else [file]
    if parameter.choices:
        return parameter.choices[0]
    found = SAMPLES.get(parameter.name, parameter.default)
    return minimal(Specification(specification.document()), parameter.schema) if found is None else found


def file_name(parameter: Parameter) -> str:
    """The file that stands for what a parameter takes; `docs.pictures` draws it."""
    kinds = specification.media_kinds({"properties": {parameter.name: parameter.schema}}, (parameter.name,))
    if "video" in kinds:
        return "clip.mp4"
    if "file" in kinds:
        return "video.draft"
    return f"{parameter.name}.png" if parameter.name in PICTURES else "photo.jpg"


# In five ways


def python(request: Request) -> str:
    """A program."""
    return (
        f"{_imports(request, '')}from bfl_client import Client\n\n"
        f"with Client() as client:\n{_call('    result = client.generate', request)}"
        f'    print(result.save("{request.file}"))\n'
    )


def asynchronous(request: Request) -> str:
    """A program for an event loop."""
    return (
        f"{_imports(request, 'import asyncio')}from bfl_client import AsyncClient\n\n\n"
        "async def main() -> None:\n    async with AsyncClient() as client:\n"
        f"{_call('        result = await client.generate', request)}"
        f'        print(await result.save("{request.file}"))\n\n\nasyncio.run(main())\n'
    )


def _imports(request: Request, first: str) -> str:
    paths = "from pathlib import Path" if any(isinstance(each, Path) for each in request.body.values()) else ""
    found = "\n".join(filter(None, [first, paths]))
    return found and f"{found}\n\n"


def _call(start: str, request: Request) -> str:
    given = {key: value for key, value in request.body.items() if key != request.selector}
    arguments = [f"{key}={_literal(value)}" for key, value in given.items()]
    whole = f"{start}.{request.method}({', '.join(arguments)})\n"
    if len(whole) <= WIDE:
        return whole
    indent = " " * (len(start) - len(start.lstrip()))
    return f"{start}.{request.method}(\n{''.join(f'{indent}    {each},{chr(10)}' for each in arguments)}{indent})\n"


def _literal(value: Any) -> str:
    if isinstance(value, Path):
        return f'Path("{value}")'
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"[{', '.join(map(_literal, value))}]" if isinstance(value, list) else repr(value)


def command_line(request: Request) -> str:
    """A command."""
    given = dict(request.body)
    prompt = [shlex.quote(given.pop("prompt"))] if "prompt" in given else []
    pairs = [f"-p {shlex.quote(f'{key}={text}')}" for key, value in given.items() for text in _texts(value)]
    words = [f"bfl generate {request.endpoint.name}", *prompt, *pairs, f"-o {request.file}"]
    whole = " ".join(words)
    return f"{whole}\n" if len(whole) <= WIDE else " \\\n  ".join([" ".join(words[:2]), *words[2:]]) + "\n"


def _texts(value: Any) -> Iterator[str]:
    """A value as `-p` takes it; each element of a list by itself."""
    for each in value if isinstance(value, list) else [value]:
        yield f"@{each}" if isinstance(each, Path) else each if isinstance(each, str) else json.dumps(each)


def job(request: Request) -> str:
    """A line of a jobs file."""
    return _json({"endpoint": request.endpoint.name, "name": "result", **request.body}, lambda path: f"@{path}") + "\n"


def curl(request: Request) -> str:
    """A command for curl; the body is a here-document, because pictures are too long for an argument."""
    body = _json(request.body, lambda path: f"$(base64 < {path} | tr -d '[:space:]')", indent=2)
    return (
        f'curl {SERVER}{request.endpoint.path} -H "x-key: $BFL_API_KEY" \\\n'
        f'  -H "content-type: application/json" --data-binary @- <<END\n{body}\nEND\n'
    )


def _json(value: Any, path: Callable[[Path], str], indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=path)


WAYS: dict[str, tuple[str, Callable[[Request], str]]] = {
    "Python": ("python", python),
    "async": ("python", asynchronous),
    "bfl": ("sh", command_line),
    "Jobs file": ("json", job),
    "curl": ("sh", curl),
}
"""Label -> language of the code and what writes it."""
