"""What celeste-ai makes of five situations, as JSON."""

import asyncio
import base64
import json
import os
from collections.abc import Coroutine
from typing import Any

import celeste
from celeste.artifacts import ImageArtifact


async def generate(prompt: str, key: str = "KEY") -> Any:
    settings: Any = {"model": "flux-dev", "provider": "bfl", "api_key": os.environ[key]}
    return (await celeste.images.generate(prompt, **settings)).content.url


async def edit() -> Any:
    settings: Any = {"model": "flux-kontext-pro", "provider": "bfl", "api_key": os.environ["KEY"]}
    content = ImageArtifact(data=base64.b64decode(os.environ["PICTURE"]), mime_type="image/png")
    return (await celeste.images.edit(content, prompt="blue", **settings)).content.url


async def tried(attempt: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await attempt
    except Exception as error:
        return f"error: {error}"


async def main() -> None:
    attempts = {
        "generate": generate("a fox"),
        "edit": edit(),
        "moderated": generate("#content-moderated"),
        "failed": generate("#error"),
        "refused": generate("a fox", "WRONG"),
    }
    print(json.dumps({name: await tried(attempt) for name, attempt in attempts.items()}))


asyncio.run(main())
