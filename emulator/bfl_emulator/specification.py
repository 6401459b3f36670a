"""Reads the effective specification: its operations, what they require, and the marks that say how they behave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Node = Mapping[str, Any]

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
# The marks of a task endpoint, unless its operation or the root of the document says otherwise.
DEFAULTS: Node = {
    "kind": "image",
    "duration": 8.0,
    "url-lifetime": 600,
    "active-limit": 24,
    "statuses": ["Pending"],
    "progress": True,
    "price": None,
    "receipt": True,
    "result": ["sample", "prompt", "seed", "start_time", "end_time", "duration"],
}
JSON = "application/json"
# The text of a string in an instance, by format.
_TEXTS = {
    "uri": "https://example.com/",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "email": "someone@example.com",
    "bfl-media": "https://example.com/picture.png",
    "bfl-ratio": "1:1",
}


@dataclass(frozen=True)
class TaskEndpoint:
    """What the marks of a task endpoint say.

    `duration` and `url_lifetime` are seconds; `statuses` is what polls say until the task has ended, `progress` whether
    they also say how far it is; `price` is the mark ``x-bfl-price``; `receipt` says whether receipts have figures (cost
    and megapixels) rather than nulls, and `result` which keys a result has, in their order.
    """

    name: str
    kind: str
    duration: float
    url_lifetime: float
    active_limit: int
    statuses: Sequence[str]
    progress: bool
    price: Node | None
    receipt: bool
    result: Sequence[str]


@dataclass(frozen=True, eq=False)
class Operation:
    """One method of one path.

    `success` is the lowest 2xx status that it declares, else 200; `emulate` is the word in its mark ``x-bfl-emulate``.
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
    summary: str = ""


class Specification:
    """The operations of an OpenAPI document; local references are resolved on request.

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
        """Follow local references to the node they stand for. Raises ValueError for a circle, or another document."""
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
        """Yield the schemas that a schema combines or chooses between, with references and unions resolved."""
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
        answers = {int(code): answer for code, answer in node.get("responses", {}).items() if code.isdigit()}
        responses = {code: self._json_schema(answer) for code, answer in answers.items()}
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
            summary=str(node.get("summary", "")),
        )

    def _json_schema(self, node: Node) -> Node | None:
        schema: Node | None = self.resolve(node).get("content", {}).get(JSON, {}).get("schema")
        return schema

    def _gives_task(self, answer: Node | None) -> bool:
        """Return whether an answer may contain an id and a polling URL: that is what makes a task endpoint."""
        return answer is not None and any(
            {"id", "polling_url"} <= set(part.get("properties", ())) for part in self.variants(answer)
        )

    def _task_endpoint(self, path: str, node: Node) -> TaskEndpoint:
        defaults = self._defaults()
        marks = {mark.replace("-", "_"): node.get(f"x-bfl-{mark}", defaults[mark]) for mark in DEFAULTS}
        return TaskEndpoint(path.removeprefix("/v1/").lstrip("/"), **marks)

    def _defaults(self) -> dict[str, Any]:
        return {**DEFAULTS, **self.document.get("x-bfl-defaults", {})}

    def _needs_key(self, node: Node) -> bool:
        choices = node.get("security", self.document.get("security", ()))
        return bool(choices) and {} not in choices

    def _polling(self) -> tuple[str, str]:
        """Return the path of the polling operation and its required query parameter."""
        for operation in self.operations:
            for parameter in operation.parameters if operation.emulate == "get-result" else ():
                if parameter.get("required") and parameter["in"] == "query":
                    return operation.path, parameter["name"]
        raise ValueError("the specification marks no operation that takes an id with x-bfl-emulate: get-result")

    def _key_header(self) -> str:
        for scheme in map(self.resolve, self.components.get("securitySchemes", {}).values()):
            if scheme.get("type") == "apiKey" and scheme.get("in") == "header":
                return str(scheme["name"]).lower()
        return "x-key"


def value_of(body: Node, schema: Node, name: str) -> Any:
    """Return a property, given or default; None for one that the schema does not know (the service ignores it)."""
    node = schema.get("properties", {}).get(name)
    if node is None:
        return None
    given = body.get(name)
    return node.get("default") if given is None else given


def minimal(specification: Specification, schema: Node) -> Any:
    """Return an instance with only what the schema requires; of a union, the first branch that is not null."""
    schema = specification.resolve(schema)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            branches = [branch for branch in schema[keyword] if branch.get("type") != "null"]
            return minimal(specification, branches[0]) if branches else None
    match schema.get("type", "object"):
        case "object":
            properties = schema.get("properties", {})
            return {name: minimal(specification, properties.get(name, {})) for name in schema.get("required", ())}
        case "array":
            items = schema.get("prefixItems", [schema.get("items", {})] * schema.get("minItems", 0))
            return [minimal(specification, item) for item in items]
        case "string":
            return _TEXTS.get(schema.get("format", ""), "x" * schema.get("minLength", 1))
        case "integer" | "number" as kind:
            return _least(schema, whole=kind == "integer")
        case "boolean":
            return False
    return None


def _least(schema: Node, whole: bool) -> float:
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    least = -(-low // step) * step
    if least == schema.get("exclusiveMinimum"):
        least += step
    return int(least) if whole or least == int(least) else least
