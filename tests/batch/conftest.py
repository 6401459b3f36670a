"""What the tests of batches run against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bfl_emulator import Emulator

from .postgres import Server, postgres
from .running import Batch


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator whose tasks are ready at once."""
    with Emulator(speed=float("inf")) as emulator:
        yield emulator
    emulator.assert_no_leaks()


@pytest.fixture
def batch(tmp_path: Path, emulator: Emulator) -> Batch:
    """A batch in an empty folder."""
    return Batch(tmp_path / "here", emulator)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL."""
    with postgres() as server:
        yield server


@pytest.fixture
def database(server: Server, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    import psycopg
    from psycopg import sql

    name = f"db{abs(hash(request.node.name))}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return server.url.replace("/postgres?", f"/{name}?")
