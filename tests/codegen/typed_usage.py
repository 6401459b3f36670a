"""Read by mypy and pyright, never run: each `type: ignore` is on a mistake that must be found, or it is unused."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, assert_type

from bfl_api import models
from bfl_api.endpoints import Endpoints, Media
from bfl_api.models import FluxDevInputs, ResultResponse, SettledCostResultResponse
from bfl_api.table import ENDPOINTS
from bfl_api.utility import AsyncUtility, Utility
from PIL import Image


def use(endpoints: Endpoints[int], later: Endpoints[Coroutine[Any, Any, str]]) -> None:
    """Right uses have the type of what is sent; wrong names, values and types are found."""
    assert_type(endpoints.flux_dev(prompt="x", width=256, output_format="png"), int)
    pending: Coroutine[Any, Any, str] = later.flux_2_pro(prompt="x")
    pending.close()
    later.flux_dev(prompt="x")  # type: ignore[unused-coroutine]
    assert_type(endpoints("flux-dev", FluxDevInputs(prompt="x")), int)
    assert_type(endpoints("unknown", {"prompt": None}, prompt="x", validate=False, extra={"a": 1}), int)
    pictures: list[Media] = [b"x", "https://example.com", Path("x"), BytesIO(), Image.new("RGB", (1, 1))]
    endpoints.flux_3_image(prompt="x", images=pictures, resolution="1.5k")
    endpoints.flux_3_video_i2v(prompt="x", keyframes=[(0.5, b"x"), Path("x")], duration="auto")
    endpoints.flux_dev("x", width=256)
    FluxDevInputs("x")  # type: ignore[call-arg]
    endpoints.flux_dev(promt="x")  # type: ignore[call-arg]
    endpoints.flux_dev(output_format="gif")  # type: ignore[arg-type]
    endpoints.flux_dev(image_prompt=5)  # type: ignore[arg-type]
    endpoints.flux_2_pro()  # type: ignore[call-arg]
    endpoints.flux_3_video_t2v(prompt="x", start_video=b"x")  # type: ignore[call-arg]
    endpoints.no_such_endpoint()  # type: ignore[attr-defined]
    _ = models.NoSuchModel  # type: ignore[attr-defined]


async def ask(utility: Utility, later: AsyncUtility) -> None:
    """The answers are models, and the keys of a table row have types."""
    assert_type(utility.get_result("1"), SettledCostResultResponse | ResultResponse)
    assert_type(await later.get_result(id="1"), SettledCostResultResponse | ResultResponse)
    assert_type(utility.credits().credits_, float)
    assert_type(ENDPOINTS["flux-dev"].url_lifetime, float)
    utility.get_result(task="1")  # type: ignore[call-arg]


class Sender:
    """A `send` that returns a number."""

    def __call__(
        self, endpoint: str, body: Mapping[str, Any], *, validate: bool = True, extra: Mapping[str, Any] | None = None
    ) -> int:
        """Return the number of keys."""
        return len(body)


def build() -> None:
    """What the methods return is what `send` returns."""
    assert_type(Endpoints(Sender()), Endpoints[int])
    assert_type(Endpoints[int](Sender()).flux_dev(), int)
    Endpoints[str](Sender())  # type: ignore[arg-type]
