"""What LiteLLM makes of five situations, as JSON."""

import base64
import io
import json
import os
from collections.abc import Callable
from typing import Any

import litellm

litellm.suppress_debug_info = True


def generate(prompt: str, key: str = "KEY") -> Any:
    os.environ["BFL_API_KEY"] = os.environ[key]  # what is passed as api_key is ignored
    made = litellm.image_generation(model="black_forest_labs/flux-dev", prompt=prompt)
    return made.data[0].url


def edit() -> Any:
    content = io.BytesIO(base64.b64decode(os.environ["PICTURE"]))
    made = litellm.image_edit(model="black_forest_labs/flux-kontext-pro", image=content, prompt="blue")
    return made.data[0].url


def tried(attempt: Callable[[], Any]) -> Any:
    try:
        return attempt()
    except Exception as error:
        return f"error: {error}"


print(
    json.dumps(
        {
            "generate": tried(lambda: generate("a fox")),
            "edit": tried(edit),
            "moderated": tried(lambda: generate("#content-moderated")),
            "failed": tried(lambda: generate("#error")),
            "refused": tried(lambda: generate("a fox", "WRONG")),
        }
    )
)
