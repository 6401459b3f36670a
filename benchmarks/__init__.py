"""What the client costs, as ratios to a plain httpx script that does the same in the same run. ``nox -s bench``."""
