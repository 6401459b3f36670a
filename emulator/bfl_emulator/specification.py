"""Reads the effective specification: its operations, what they require, and the marks that tell how they behave."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Node = Mapping[str, Any]

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
# What holds for a task endpoint when neither its operation nor the root of the document says otherwise.
DEFAULTS: Node = {
    "kind": "image",
    "duration": 8.0,
    "url-lifetime": 600,
    "active-limit": 24,
    "statuses": ["Pending"],
    "progress": True,
    "price": None,
}
JSON = "application/json"


@dataclass(frozen=True)
class TaskEndpoint:
    """What a task endpoint's marks say.

    Its name, kind of file, usual seconds of work, seconds a sample URL lives, tasks that may be active at a time, what
    a poll says until the task is finished and whether it tells the progress, and the mark with its price.
    """

    name: str
    kind: str
    duration: float
    url_lifetime: float
    active_limit: int
    statuses: tuple[str, ...]
    progress: bool
    price: Node | None


@dataclass(frozen=True, eq=False)
class Operation:
    """One method of one path: what it takes, whether it needs a key, what makes its answer, and all its marks.

    `success` is the status of its good answer: the lowest 2xx that it declares, else 200.
    """

    method: str
    path: str
    parameters: tuple[Node, ...]
    body: Node | None
    body_required: bool
    responses: Mapping[int, Node | None]
    success: int
    needs_key: bool
    task: TaskEndpoint | None
    emulate: str | None
    marks: Node


class Specification:
    """The operations of an OpenAPI document, with its local references resolved where they are asked for.

    Raises ValueError for a document without a polling operation: one marked ``x-bfl-emulate: get-result`` that takes an
    id.
    """

    def __init__(self, document: Node) -> None:
        self.document = document
        self.components: Node = document.get("components", {})
        self.key_header = self._key_header()
        self.operations = tuple(self._operations())
        self.active_limit = int(self._defaults()["active-limit"])
        self.polling_path, self.polling_parameter = self._polling()

    def resolve(self, node: Node) -> Node:
        """Follow the node's chain of local references to the node that they stand for."""
        seen: set[str] = set()
        while isinstance(reference := node.get("$ref"), str):
            if reference in seen or not reference.startswith("#/"):
                raise ValueError(f"cannot resolve {reference!r}")
            seen.add(reference)
            node = self.document
            for part in reference[2:].split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def variants(self, schema: Node) -> Iterator[Node]:
        """Yield the schemas that a schema consists of or chooses between, without references and unions around them."""
        schema = self.resolve(schema)
        parts = [part for keyword in ("anyOf", "oneOf", "allOf") for part in schema.get(keyword, ())]
        if not parts:
            yield schema
        for part in parts:
            yield from self.variants(part)

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.document.get("paths", {}).items():
            for method, node in item.items():
                if method in METHODS:
                    yield self._operation(path, method, node, item.get("parameters", ()))

    def _operation(self, path: str, method: str, node: Node, shared: tuple[Node, ...]) -> Operation:
        body = self.resolve(node["requestBody"]) if "requestBody" in node else {}
        responses = {
            int(status): self._json_schema(answer)
            for status, answer in node.get("responses", {}).items()
            if status.isdigit()
        }
        success = min((status for status in responses if 200 <= status < 300), default=200)
        makes_task = method == "post" and self._gives_task(responses.get(success))
        return Operation(
            method=method.upper(),
            path=path,
            parameters=tuple(self.resolve(parameter) for parameter in (*shared, *node.get("parameters", ()))),
            body=self._json_schema(body),
            body_required=body.get("required", False),
            responses=responses,
            success=success,
            needs_key=self._needs_key(node),
            task=self._task_endpoint(path, node) if makes_task else None,
            emulate=node["x-bfl-emulate"] if isinstance(node.get("x-bfl-emulate"), str) else None,
            marks={name: value for name, value in node.items() if name.startswith("x-bfl-")},
        )

    def _json_schema(self, node: Node) -> Node | None:
        schema: Node | None = self.resolve(node).get("content", {}).get(JSON, {}).get("schema")
        return schema

    def _gives_task(self, answer: Node | None) -> bool:
        """A task endpoint is one whose answer may hold an id and a polling URL: a rule, so that no list is needed."""
        return answer is not None and any(
            {"id", "polling_url"} <= set(part.get("properties", ())) for part in self.variants(answer)
        )

    def _task_endpoint(self, path: str, node: Node) -> TaskEndpoint:
        marks = {mark: node.get(f"x-bfl-{mark}", value) for mark, value in self._defaults().items()}
        return TaskEndpoint(
            name=path.removeprefix("/v1/"),
            kind=str(marks["kind"]),
            duration=float(marks["duration"]),
            url_lifetime=float(marks["url-lifetime"]),
            active_limit=int(marks["active-limit"]),
            statuses=tuple(marks["statuses"]),
            progress=bool(marks["progress"]),
            price=marks["price"],
        )

    def _defaults(self) -> dict[str, Any]:
        return {**DEFAULTS, **self.document.get("x-bfl-defaults", {})}

    def _needs_key(self, node: Node) -> bool:
        choices = node.get("security", self.document.get("security", ()))
        return bool(choices) and {} not in choices

    def _polling(self) -> tuple[str, str]:
        """Find path and id parameter of the polling operation: it takes one thing that it requires."""
        for operation in self.operations:
            for parameter in operation.parameters if operation.emulate == "get-result" else ():
                if parameter.get("required") and parameter["in"] == "query":
                    return operation.path, parameter["name"]
        raise ValueError("the specification marks no operation that takes an id with x-bfl-emulate: get-result")

    def _key_header(self) -> str:
        schemes = (self.resolve(scheme) for scheme in self.components.get("securitySchemes", {}).values())
        names = (
            str(scheme["name"]) for scheme in schemes if scheme.get("type") == "apiKey" and scheme.get("in") == "header"
        )
        return next(names, "x-key").lower()
