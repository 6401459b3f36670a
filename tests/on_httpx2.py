"""A pytest plugin (``-p tests.on_httpx2``): every test, and everything it imports, gets httpx2 where it says httpx."""

import httpx2  # pyright: ignore[reportMissingImports]  # installed by the session of that name

httpx2.alias_httpx()
