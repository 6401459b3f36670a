"""Many pictures: a prompt per line on standard input, at most 24 tasks at a time, failures reported. Needs BFL_API_KEY.

``python many_pictures.py < prompts.txt``
"""

import sys

from bfl_client import BFLError, Client


def main() -> int:
    """Make them all; returns how many failed."""
    prompts = [line.strip() for line in sys.stdin if line.strip()]
    missing = 0
    requests = [{"prompt": prompt, "width": 512, "height": 512} for prompt in prompts]
    with Client() as client, client.map("flux-2-pro", requests, concurrency=24) as outcomes:
        for number, outcome in enumerate(outcomes):
            if isinstance(outcome, BFLError):
                missing += 1
                print(f"{prompts[number]}: {outcome}", file=sys.stderr)
            else:
                print(outcome.save(f"{number:04d}.jpg"))
    return missing


if __name__ == "__main__":
    sys.exit(min(main(), 1))
