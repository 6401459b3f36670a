"""Jobs from a file, a pipe, a folder or Python: read once, typed and checked before the first is sent."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from bfl_client import constraints, media, specification
from bfl_client.errors import (
    NOTHING,
    BFLError,
    ConfigurationError,
    ConstraintError,
    Remedy,
    Violation,
    in_line,
    shorten,
)
from bfl_client.policy import require

from .names import slugs
from .sources import OWN, Cells, Entry, Mistake, entries, pictures

LISTED = 50
"""Mistakes that a message lists; the rest are counted."""
_NAME = re.compile("[^\0\ud800-\udfff]{1,500}")  # what a database takes
_CORRECT = Remedy("correct the lines", "correct-lines")
_UNCHECKED = Remedy(
    'correct the lines; "validate": false in a line, or validate=False, sends it unchecked', "correct-or-unchecked"
)

Source = str | os.PathLike[str] | Iterable[Mapping[str, Any]]


class JobsError(BFLError):
    """The jobs contain mistakes; nothing was submitted.

    Attributes:
        mistakes: what is wrong, each with its line; only the first ones if there are very many.
        count: how many mistakes there are.
    """

    def __init__(self, source: str, mistakes: Iterable[Mistake], unchecked: bool = False) -> None:
        kinds: dict[str, tuple[str, list[int]]] = {}
        self.count, first = 0, list[Mistake]()
        for mistake in mistakes:
            self.count += 1
            first += [mistake] if len(first) < LISTED else []
            kinds.setdefault(mistake.kind or mistake.message, (mistake.message, []))[1].append(mistake.number)
        self.mistakes = tuple(first)
        listed = [f"\n  {_named(numbers)}{message}" for message, numbers in list(kinds.values())[:LISTED]]
        more = f"\n  … and {len(kinds) - LISTED:,} more" if len(kinds) > LISTED else ""
        lead = f"{self.count:,} mistake{'s' if self.count > 1 else ''}; nothing was submitted"
        super().__init__(f"{in_line(source)}: {lead}:{''.join(listed)}{more}", self._remedy(unchecked))

    def _remedy(self, unchecked: bool) -> Remedy:
        own = next((mistake.remedy for mistake in self.mistakes if mistake.remedy), None)
        if own:
            return own
        of_lines = any(mistake.number for mistake in self.mistakes)
        return _UNCHECKED if unchecked else _CORRECT if of_lines else NOTHING

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.message, self.remedy]))


def _named(numbers: list[int], most: int = 10) -> str:
    """Lines in words, as ``lines 2, 3, 5 to 9: ``; empty for a mistake of the whole file."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number <= runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [f"{first:,}" if first == last else f"{first:,} to {last:,}" for first, last in runs]
    more = [f"… {len(words) - most:,} more"] if len(words) > most else []
    if not numbers[0]:
        return ""
    return f"line{'s' if numbers[0] != numbers[-1] else ''} {', '.join([*words[:most], *more])}: "


class Job(NamedTuple):
    """One line: a request with a unique name."""

    number: int
    """The line, from 1."""
    name: str
    endpoint: str
    body: dict[str, Any]
    """Its parameters as plain JSON; files as ``@path``."""
    validate: bool = True
    """False: what the specification says about it is not checked."""


class Plan(NamedTuple):
    """What a batch will make, and what it will cost by the list of prices in the specification."""

    endpoints: dict[str, int]
    """Endpoint -> number of jobs."""
    credits: float
    """For all jobs that have a price; the most that it can be where it is not known in advance."""
    exact: bool
    """True if every price is known in advance."""
    unpriced: int
    """Jobs of endpoints without a price: these are not counted."""
    files: tuple[str, ...] = ()
    """Names of the files, from `bfl_batch.plan` only; without a suffix where that is not known in advance."""


class Jobs:
    """The jobs of one batch, inside its ``with``. `check` reads their source once: it may be a pipe, and exactly what
    was checked is carried out.

    Args:
        source: a file or pipe of JSON lines, a JSON list, or a table (``.csv``); ``"-"`` for standard input; a folder
            of pictures, one for each job; or mappings.
        endpoint: for the jobs that name none.
        params: parameters of all jobs that do not give them. In jobs from a folder, ``{file}`` and ``{name}`` stand for
            the picture, so ``{"input_image": "@{file}"}`` sends it.
        validate: False sends all jobs unchecked.

    Attributes:
        folder: where relative paths of files start: beside the jobs file, in a folder of pictures, or the current one.
        plan: endpoints and price, once the jobs are checked.
    """

    def __init__(
        self,
        source: Source,
        endpoint: str | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        validate: bool = True,
    ) -> None:
        self._endpoint, self._source, self._params, self._validate = _checked(endpoint, source, params, validate)
        path = path_of(source, "jobs") if isinstance(source, str | os.PathLike) else None
        beside = path.resolve().parent if path is not None and os.path.isfile(path) else Path.cwd()
        self._pictures: dict[str, str] | None = None  # of a folder: name of the job -> file
        self.folder = path.resolve() if path is not None and os.path.isdir(path) else beside
        self.label = "jobs" if path is None else "standard input" if str(path) == "-" else str(path)
        self.plan = Plan({}, 0.0, True, 0)

    def check(self) -> int:
        """Check every job, and return their number; raises JobsError with every mistake in every line."""
        mistakes, seen, total, unchecked = list[Mistake](), dict[str, int](), 0, list[bool]()
        for entry in self._read():
            total += 1
            mistakes += self._mistakes(entry, seen, unchecked)
            if not mistakes and isinstance(entry, Job):
                self._kept.write(json.dumps(entry).encode() + b"\n")
                self._count(entry)
        if not total:
            mistakes = [
                Mistake(1, "no jobs found") if self._pictures is None else Mistake(0, "no pictures or videos found")
            ]
        if mistakes:
            raise JobsError(self.label, mistakes, bool(unchecked))
        return total

    def __iter__(self) -> Iterator[Job]:
        """The jobs, once `check` has found no mistake."""
        self._kept.seek(0)
        for line in self._kept:
            yield Job(*json.loads(line))

    def files(self) -> list[str]:
        """The names of the files that the jobs will be saved in, once they are checked."""
        every = list(self)
        stems = slugs(job.name for job in every)
        return [f"{stem}{specification.suffix(job.endpoint, job.body)}" for job, stem in zip(every, stems, strict=True)]

    def __enter__(self) -> Self:
        self._kept: IO[bytes] = tempfile.TemporaryFile()  # nameless, and its owner's alone
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    def _count(self, job: Job) -> None:
        so_far, body = self.plan, constraints.with_files(job.endpoint, job.body, self.folder)[0]
        price, most = specification.prices(job.endpoint, body)
        endpoints = {**so_far.endpoints, job.endpoint: so_far.endpoints.get(job.endpoint, 0) + 1}
        cost = most if price is None else price
        exact = so_far.exact and (price is not None or cost is None)
        self.plan = Plan(endpoints, so_far.credits + (cost or 0.0), exact, so_far.unpriced + (cost is None))

    def _mistakes(self, entry: Job | Mistake, seen: dict[str, int], unchecked: list[bool]) -> Iterator[Mistake]:
        """The mistakes of a line; `unchecked` gets an item if they are against the specification."""
        if isinstance(entry, Mistake):
            yield entry
            return
        number = entry.number
        if first := seen.get(entry.name):
            yield Mistake(number, f"line {first} has the same name, {shorten(entry.name, 60)!r}")
        seen.setdefault(entry.name, number)
        for each in _violations(entry, self.folder, unchecked):
            yield Mistake(number, each.text(_words(each.remedy)), f"{each.field}: {each.message}")

    def _read(self) -> Iterator[Job | Mistake]:
        try:
            for entry in self._entries():
                yield entry if isinstance(entry, Mistake) else self._job(*entry)
        except OSError as error:
            place = error.filename or self.label
            message = f"{in_line(place)} cannot be read: {error.strerror or error}"
            raise ConfigurationError(message, unwritable=True) from error

    def _entries(self) -> Iterator[Entry]:
        source = self._source
        if not isinstance(source, str | os.PathLike):
            yield from enumerate(source, 1)
        elif not os.path.isdir(source):
            yield from entries(os.fspath(source))
        elif not any("{file}" in each for each in self._params.values() if isinstance(each, str)):
            message = 'is a folder, and no parameter is "@{file}", which stands for each picture in it'
            yield Mistake(0, message, remedy=self._each())
        else:
            self._pictures = pictures(self.folder)
            yield from ((number, {"name": name}) for number, name in enumerate(self._pictures, 1))

    def _each(self) -> Remedy:
        """How to send each picture of a folder."""
        endpoint = shorten(self._endpoint or "NAME", 60)
        takes = next(iter(sorted(specification.media_parameters(endpoint))), "input_image")
        words = f'endpoint="{endpoint}", params={{"{takes}": "@{{file}}"}} sends each picture'
        return Remedy(words, "each-picture", endpoint=endpoint, parameter=takes)

    def _shared(self, endpoint: str, name: Any) -> dict[str, Any]:
        """The parameters of all jobs, for a job of this name."""
        file = self._pictures[name] if self._pictures else ""

        def filled(value: Any) -> Any:
            return value.replace("{file}", file).replace("{name}", name) if file and isinstance(value, str) else value

        return {key: _typed(endpoint, key, filled(value)) for key, value in self._params.items()}

    def _job(self, number: int, given: Any) -> Job | Mistake:
        try:
            return self._made(number, given)
        except Exception as error:  # an object of the caller's may raise anything
            return Mistake(number, f"cannot be read: {shorten(error, 100)}")

    def _made(self, number: int, given: Any) -> Job | Mistake:
        given = given.to_dict() if hasattr(given, "to_dict") else given
        if not isinstance(given, Mapping):
            return Mistake(number, 'is not a JSON object; a job looks like {"endpoint": …, "prompt": …}')
        name, endpoint = given.get("name"), given.get("endpoint") or self._endpoint
        validate = _boolean(given.get("validate", self._validate))
        if not isinstance(endpoint, str) or not endpoint:
            kind = "no endpoint is given: name one in the line, or one for all jobs: --endpoint NAME"
            return Mistake(number, kind)
        try:
            own = {key: value for key, value in given.items() if key not in OWN}
            if isinstance(given, Cells):
                own = {key: _typed(endpoint, key, value) for key, value in own.items()}
            body = media.with_leaves({**self._shared(endpoint, name), **own}, storable)
        except (TypeError, ValueError) as error:
            return Mistake(number, str(error))
        name = f"{number:05d}" if name is None else str(name) if type(name) is int else name
        if not isinstance(name, str) or not name.strip() or not _NAME.fullmatch(name):
            return Mistake(number, f"a name must be a string of 1 to 500 characters (got {shorten(name, 60)})")
        if validate is None:
            return Mistake(number, f"validate must be true or false (got {shorten(given.get('validate'), 60)})")
        checked = validate and self._validate
        body = constraints.as_sent(endpoint, body) if checked else body
        return Job(number, name, specification.normalized(endpoint), body, checked)


def _boolean(value: Any) -> bool | None:
    """The value as a boolean; None if it is neither."""
    return {"true": True, "false": False}.get(str(value).strip().lower())


def path_of(given: Any, name: str) -> Path:
    """The path that was given as an argument. Raises ConfigurationError if it is none."""
    try:
        if isinstance(given, str | os.PathLike):
            return Path(os.fspath(given))
    except Exception as error:  # an object of the caller's may raise anything
        raise ConfigurationError(f"{name} cannot be read as a path: {shorten(error, 100)}") from error
    raise ConfigurationError(f"{name} must be the path of a folder")


def _checked(endpoint: Any, source: Any, params: Any, validate: Any) -> tuple[Any, Any, Any, bool]:
    """The arguments of `Jobs`; raises ConfigurationError if one makes no sense."""
    require(
        {
            "jobs must be a file, a folder, or a list of jobs": isinstance(source, str | os.PathLike | Iterable),
            "endpoint must be text": isinstance(endpoint, str | None),
            "params must be a mapping of parameters": isinstance(params, Mapping | None),
            "validate must be True or False": isinstance(validate, bool),
        }
    )
    return endpoint, source, media.readable(endpoint or "jobs", params or {}), validate


def _typed(endpoint: str, key: str, value: Any) -> Any:
    """A text as the parameter's type, also as a spreadsheet writes it: TRUE, or 2,5; any other value as it is."""
    if not isinstance(value, str):
        return value
    found, known = specification.typed(endpoint, key, value), specification.parameters(endpoint).get(key)
    if found == value and known and not known.media and "string" not in known.types:
        found = specification.typed(endpoint, key, value.strip().lower().replace(",", "."))
    return found


def storable(value: Any) -> Any:
    """A leaf of a request as JSON, a path as ``@path``; raises TypeError for the content of a file."""
    if isinstance(value, os.PathLike):
        return f"@{Path(os.fspath(value)).resolve()}"
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a batch does not take {type(value).__name__}: save it to a file, and pass its Path")


def without_media(endpoint: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without the parameters that take media."""
    takes = specification.media_parameters(endpoint)
    return {name: value for name, value in body.items() if name not in takes}


def _violations(job: Job, folder: Path, unchecked: list[bool]) -> Iterator[Violation]:
    """Everything that is wrong with a job's request; see `Jobs._mistakes`."""
    if job.validate and specification.find(job.endpoint) is None:
        unchecked.append(True)
        yield specification.unknown_endpoint(job.endpoint)
        return
    for name in job.body:
        if name.startswith("webhook_"):
            yield Violation(name, "", "a batch polls its tasks itself: leave it out")
    body, found = constraints.with_files(job.endpoint, job.body, folder)
    yield from found
    try:
        if job.validate:
            constraints.check(job.endpoint, body)
        else:
            constraints.check_name(job.endpoint)
            media.prepare(job.endpoint, body)
    except ConstraintError as error:
        unchecked += [True] if error.remedy else []
        yield from error.violations


def _words(remedy: Remedy) -> str:
    """A remedy in the words of a jobs file, which has neither Path(…) nor extra=."""
    if path := remedy.facts.get("path"):
        return f'for a file on disk, write "@{path}"'
    near = remedy.facts.get("nearest")
    return f"did you mean {near!r}?" if near else ""
