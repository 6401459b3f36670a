"""Sending the requests to the service, and comparing its answers with the specification."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator

from codegen.report import CodegenError, Report
from codegen.specification import Operation, Specification

from .probes import Probe, Prober

_STOPPED = (401, 402, 403, 429)


@dataclass(frozen=True)
class Disagreement:
    """Where the service contradicts the specification; `fault` is the entry of its answer that names the field."""

    probe: Probe
    said: str
    fault: dict[str, Any] | None = None


@dataclass
class Findings:
    """The results of a run; `spent` is in credits."""

    asked: int = 0
    disagreements: list[Disagreement] = field(default_factory=list)
    untested: list[str] = field(default_factory=list)
    spent: float = 0.0
    stopped: bool = False


class LiveCheck:
    """One run against a service; `client` has its address and the key."""

    def __init__(self, specification: Specification, client: httpx.Client, report: Report) -> None:
        self._specification, self._client, self._report = specification, client, report
        self._prober = Prober(specification)
        self.findings = Findings()

    def run(self, spend: float = 0.0) -> Findings:
        """Ask everything that costs nothing, then send valid requests until `spend` credits are spent.

        Raises CodegenError if the key is refused or the service cannot be reached. If that happens later on, the
        findings so far are returned, with the reason.
        """
        try:
            self._all(spend)
        except CodegenError as error:
            if self.findings.asked < 2:
                raise
            self.findings.untested.append(str(error))
            self.findings.stopped = True
        return self.findings

    def _all(self, spend: float) -> None:
        for operation in self._specification.utilities:
            if operation.method == "get":
                self._get(operation)
        for operation in self._specification.tasks:
            self._report.stage(f"asking {operation.where}")
            self._endpoint(operation)
        if spend > 0:
            self._spend(spend)

    def _endpoint(self, operation: Operation) -> None:
        for probe in self._prober.probes(operation):
            answer = self._send("POST", operation.path, json=probe.body)
            faults = _faults(answer)
            if answer.is_success:
                self._disagree(probe, f"accepts {list(probe.guards)} of a wrong type, and may have charged for it")
                return
            if not all(_named(faults, guard) for guard in probe.guards):
                self.findings.untested.append(
                    f"{operation.where}: its answer ({answer.status_code}) does not list what is wrong"
                )
                return
            found = _named(faults, probe.field)
            if probe.expected is (found is not None):
                said = f"refuses it: {found.get('msg')}" if found else "accepts it"
                self._disagree(probe, said, found)

    def _get(self, operation: Operation) -> None:
        query = {
            parameter["name"]: "no-such-id"
            for parameter in operation.parameters
            if parameter.get("in") == "query" and parameter.get("required")
        }
        answer = self._send("GET", operation.path, params=query)
        declared = {str(code): one for code, one in operation.node.get("responses", {}).items()}
        probe = Probe(operation.path, "", str(answer.status_code), "responses", query, True, {}, ())
        if str(answer.status_code) not in declared:
            self._disagree(probe, f"answers {answer.status_code}, which is not declared")
            return
        found = self._specification.resolve(declared[str(answer.status_code)], operation.where)
        schema = found.get("content", {}).get("application/json", {}).get("schema", {})
        root = {"allOf": [schema], "components": self._specification.document.get("components", {})}
        for error in Draft202012Validator(root).iter_errors(_json(answer)):
            place = ".".join(map(str, error.instance_path)) or "the body"
            self._disagree(probe, f"answers with a value of {place} that its schema forbids ({error.kind.name})")

    def _spend(self, budget: float) -> None:
        """Send a small valid request to each endpoint until the budget is spent, judged by the balance."""
        before = self._balance()
        for operation in self._specification.tasks:
            body = self._prober.example(operation)
            if body is None:
                self.findings.untested.append(f"{operation.where}: a valid request needs media")
                continue
            if self.findings.spent >= budget:
                self.findings.untested.append(f"{operation.where}: the budget is spent")
                continue
            answer = self._send("POST", operation.path, json=body)
            charged = _number(_json(answer), "cost") if answer.is_success else 0.0
            self.findings.spent = max(self.findings.spent + charged, before - self._balance())
            if not answer.is_success:
                probe = Probe(operation.path, "", "the body", "valid", body, True, body, ())
                self._disagree(probe, f"refuses a valid request with {answer.status_code}")

    def _balance(self) -> float:
        """Return the credits left, from the operation that is marked as the one that reports them."""
        marked = [one for one in self._specification.utilities if one.node.get("x-bfl-emulate") == "credits"]
        if not marked:
            raise CodegenError("no operation reports the balance, so nothing is spent")
        return _number(_json(self._send("GET", marked[0].path)), "credits")

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        self.findings.asked += 1
        try:
            answer = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise CodegenError(f"{method} {path}: {type(error).__name__}") from error
        if answer.status_code in _STOPPED or answer.status_code >= 500:
            raise CodegenError(f"{method} {path} answers {answer.status_code}: the run stops here")
        return answer

    def _disagree(self, probe: Probe, said: str, fault: dict[str, Any] | None = None) -> None:
        self.findings.disagreements.append(Disagreement(probe, said, fault))


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _number(found: Any, key: str) -> float:
    value = found.get(key) if isinstance(found, dict) else None
    return float(value) if isinstance(value, int | float) else 0.0


def _faults(answer: httpx.Response) -> list[dict[str, Any]]:
    found = _json(answer)
    detail = found.get("detail") if isinstance(found, dict) and answer.status_code == 422 else None
    return [entry for entry in detail if isinstance(entry, dict)] if isinstance(detail, list) else []


def _named(faults: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    matching: Iterator[dict[str, Any]] = (one for one in faults if name in one.get("loc", ())[1:])
    return next(matching, None)
