"""A task that outlives its program: ``python resume.py`` submits a task; run it again to resume that task.

The handle is what matters: it is written before anything else can go wrong. Needs BFL_API_KEY.
"""

import json
import os
from pathlib import Path

from bfl_client import Client, Task, TaskError, TaskTimeout

HANDLE = Path("task.json")  # whoever can read it can see the task: keep it private


def submitted(client: Client) -> Task:
    """The task of an earlier run, or a new one."""
    if HANDLE.exists():
        return Task.from_dict(json.loads(HANDLE.read_text()), client)
    task = client.submit.flux_2_pro(prompt="a lighthouse at night")
    with os.fdopen(os.open(HANDLE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(task.to_dict(), file)
    return task


def main() -> None:
    """Wait for a while; the next run resumes what is not ready yet."""
    with Client() as client:
        task = submitted(client)
        try:
            path = task.wait(timeout=float(os.environ.get("PATIENCE", "60"))).save("lighthouse.jpg")
        except TaskTimeout:
            print(f"{task.id} is not ready yet; run this again")
            return
        except TaskError as error:  # it ended without a picture: the next run submits a new one
            print(f"no picture: {error}")
        else:
            print(path)
    HANDLE.unlink()


if __name__ == "__main__":
    main()
