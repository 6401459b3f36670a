"""The endpoints that tests use which need any of a kind: they must pass whatever the specification has.

A test about one endpoint has the mark `about` instead, which skips it where the specification lacks what it is about.
"""

from __future__ import annotations

from bfl_client import specification


def _usual(name: str, *takes: str) -> str:
    """The endpoint with a name, or if it is gone the one for pictures that takes most of these parameters."""
    pictures = [each.name for each in specification.ENDPOINTS.values() if each.kind == "image"]
    return (
        name
        if name in pictures
        else max(pictures, key=lambda each: len(specification.parameters(each).keys() & {*takes}))
    )


_SIZED = ("prompt", "width", "height", "seed", "output_format", "webhook_url")
PICTURE = _usual("flux-dev", *_SIZED, "image_prompt", "prompt_upsampling")
"""Makes a picture from a prompt, width and height."""
EDITING = _usual("flux-2-pro", *_SIZED, "input_image", "input_image_2")
"""Edits pictures."""
