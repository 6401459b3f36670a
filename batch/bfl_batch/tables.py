"""Our own tables beside those of the engine: jobs, intents to submit, and the processes that are alive.

The engine's tables say how far a workflow has come; ours say what is paid for. An intent is committed before each POST
and answered after it: one without an answer may have been paid for, and is never sent again unasked.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, index=True),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # JSON; files as @path
    sa.Column("stem", sa.Text, nullable=False, unique=True),  # of its file
    sa.Column("listed", sa.Boolean, nullable=False),  # in the jobs file as it was last given
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),  # counts its workflows
    sa.Column("open", sa.Boolean, nullable=False),  # there is a workflow that has not ended
    sa.Column("task", sa.Text),  # JSON: the handle of a paid task that can be followed
    sa.Column("task_id", sa.Text),
    sa.Column("cost", sa.Float),
    sa.Column("seed", sa.BigInteger),
    sa.Column("path", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("submitted_at", sa.Text),
    sa.Column("finished_at", sa.Text),
    sa.Index("jobs_by_state", "state", "open"),
)

intents = sa.Table(
    "intents",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),  # the process that sends it
    sa.Column("made_at", sa.Text, nullable=False),
    sa.Column("price", sa.Float, nullable=False),  # credits: held back until the answer tells the cost
    sa.Column("answer", sa.Text),  # JSON: the handle of the task, with id, polling_url and cost
    sa.Index("intents_by_endpoint", "endpoint"),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("beats", sa.Integer, nullable=False),  # goes up as long as the process lives
)
