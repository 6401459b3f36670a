"""The seeded defects: where, what is changed, and the checks that must catch it."""

from __future__ import annotations

from typing import NamedTuple

Command = tuple[str, ...]
_PYTEST = ("pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no")
GENERATE: Command = ("codegen", "generate")
DRIFT: Command = ("codegen", "drift")


def contract(part: str, *cases: str) -> Command:
    """One file of the contract suite, or those of its tests whose names contain a word."""
    return (*_PYTEST, f"tests/contract/test_{part}.py", *(("-k", " or ".join(cases)) if cases else ()))


class Defect(NamedTuple):
    """A change of one text, which occurs once in its file; `strays` are extra files in the copy."""

    name: str
    file: str
    old: str
    new: str
    commands: tuple[Command, ...]
    strays: tuple[str, ...] = ()


_MODEL = "generated/bfl_api/models/flux_dev_inputs.py"
_CLIENT = "wrapper/bfl_client/"
_SERVER = "emulator/bfl_emulator/"
# The endpoint of that model is enough where all endpoints share what is changed, and takes a tenth of the time.
REQUESTS, REFUSALS = (contract(name, "flux-dev") for name in ("requests", "refusals"))
LOOP, UTILITIES = contract("loop", "flux-dev", "test_the_key"), contract("utilities")
EMULATOR, PACKAGE = contract("emulator"), contract("package")

DEFECTS = (
    Defect("model: a key is renamed", _MODEL, 'field_dict["steps"] = steps', 'field_dict["step"] = steps', (REQUESTS,)),
    Defect(
        "model: a falsy value is dropped",
        _MODEL,
        "if safety_tolerance is not UNSET:",
        "if safety_tolerance:",
        (REQUESTS,),
    ),
    Defect(
        "model: a default is sent",
        _MODEL,
        "    width: int | Unset = UNSET",
        "    width: int = 1024",
        (REQUESTS,),
    ),
    Defect(
        "typed methods: a falsy value is dropped",
        "generated/bfl_api/endpoints.py",
        "in parameters.items() if value is not None}",
        "in parameters.items() if value}",
        (REQUESTS,),
    ),
    Defect(
        "wrapper: no bound is checked",
        _CLIENT + "constraints.py",
        "for error in judge.iter_errors(given):",
        "for error in ():",
        (REFUSALS,),
    ),
    Defect(
        "wrapper: formats are not checked",
        _CLIENT + "constraints.py",
        "validate_formats=True",
        "validate_formats=False",
        (REFUSALS,),
    ),
    Defect(
        "wrapper: a path passes for media",
        _CLIENT + "media.py",
        "    return bool(re.fullmatch(_BASE64, _base64_in(text)))\n",
        "    return bool(text)\n",
        (REFUSALS,),
    ),
    Defect(
        "wrapper: unknown keys pass",
        _CLIENT + "constraints.py",
        "if key not in known and key not in passing",
        "if key is None",
        (REQUESTS,),
    ),
    Defect(
        "wrapper: queries are not checked",
        _CLIENT + "client.py",
        "        constraints.check_query(path, method.lower(), query)\n",
        "",
        (UTILITIES,),
    ),
    Defect(
        "wrapper: extra keys are lost",
        _CLIENT + "client.py",
        "body = {**body, **extra}",
        "body = {**body}",
        (REQUESTS,),
    ),
    Defect(
        "wrapper: a webhook's field is lost",
        _CLIENT + "client.py",
        "media.prepare(name, body,",
        'media.prepare(name, {k: v for k, v in body.items() if k != "webhook_secret"},',
        (REQUESTS,),
    ),
    Defect(
        "wrapper: a request goes to the wrong path",
        _CLIENT + "client.py",
        "self._hosts.endpoint(specification.path_of(name))",
        'self._hosts.endpoint(specification.path_of(name) + "/")',
        (REQUESTS,),
    ),
    Defect(
        "wrapper: the key goes to the file host",
        _CLIENT + "transport.py",
        "auth = self._auth if isinstance(step, Call) else None\n            response = await",
        "auth = self._auth\n            response = await",
        (LOOP,),
    ),
    Defect(
        "emulator: no key is asked for",
        _SERVER + "routes.py",
        "_key_refusal(self._service, request) if operation.needs_key else None",
        "None",
        (EMULATOR,),
    ),
    Defect(
        "emulator: bounds are ignored",
        _SERVER + "validation.py",
        "if found := list(self._violations(schema, body, start)):",
        "if found := list(self._violations({}, body, start)):",
        (EMULATOR,),
    ),
    Defect(
        "emulator: a poll answers with another id",
        _SERVER + "operations.py",
        'return {"id": task_id, "status"',
        'return {"id": task_id[1:], "status"',
        (LOOP,),
    ),
    Defect(
        "emulator: a task never ends",
        _SERVER + "tasks.py",
        'return "Ready" if self.ending is None',
        'return "Pending" if self.ending is None',
        (LOOP,),
    ),
    Defect(
        "codegen: an endpoint is dropped",
        "codegen/methods.py",
        "for operation in self._specification.tasks:",
        "for operation in self._specification.tasks[1:]:",
        (GENERATE, PACKAGE),
    ),
    Defect(
        "codegen: a schema is dropped",
        "codegen/derive.py",
        "for schema in self._waiting:",
        "for schema in self._waiting[1:]:",
        (GENERATE, PACKAGE),
    ),
    Defect(
        "codegen: a stale file is kept",
        "codegen/output.py",
        "    had_one = output.exists()\n",
        '    had_one = False\n    __import__("shutil").copytree(package, output, dirs_exist_ok=True)\n    return\n',
        (GENERATE, DRIFT),
        ("generated/bfl_api/models/stale.py",),
    ),
    Defect(
        "overlay: changed, and nothing regenerated",
        "openapi-overlay.yml",
        "x-bfl-defaults: {kind: image, duration: 8,",
        "x-bfl-defaults: {kind: image, duration: 9,",
        (DRIFT,),
    ),
    Defect(
        "overlay: polls declare no 404",
        "openapi-overlay.yml",
        "$.paths['/v1/get_result'].get[?@['200'] && !@['404']]",
        "$.paths['/v1/get_result'].get[?@['nowhere']]",
        (GENERATE, EMULATOR),
    ),
    Defect(
        "overlay: nothing declares 403",
        "openapi-overlay.yml",
        "$.paths.*.*[?@['200'] && !@['403']]",
        "$.paths.*.*[?@['nowhere']]",
        (GENERATE, EMULATOR),
    ),
)
