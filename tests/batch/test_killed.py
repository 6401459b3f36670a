"""A process is killed at each point where it touches the record or the network; its successor does the rest.

The judge is the service, which counts every POST. BFL_BATCH_LARGE=1 takes every point instead of some.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .processes import JOBS, Process, points, settled, watched
from .service import Service

pytestmark = pytest.mark.large


@pytest.mark.parametrize("at", points(every=9))
def test_a_process_killed_anywhere_loses_and_doubles_nothing(at: int, tmp_path: Path) -> None:
    """Killed at any point, its successor ends every job or reports it as uncertain, and submits none twice."""
    service = Service()
    with watched():
        Process(service, tmp_path / "out", at=at, dies=True).start().end()
        report = settled(Process(service, tmp_path / "out").start().end())
        assert set(service.posts.values()) <= {1}
        assert report.done == sum(path.suffix == ".png" for path in (tmp_path / "out").iterdir())
        unanswered = report.uncertain
        report = settled(Process(service, tmp_path / "out", on_uncertain="resubmit").start().end())
    assert report.ok
    assert service.posts.total() <= JOBS + unanswered
