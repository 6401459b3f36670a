# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

Flux3VideoV2VInputsAspectRatio = Literal["16:9", "1:1", "21:9", "2:1", "3:4", "4:3", "9:16", "9:21", "auto"]

FLUX_3_VIDEO_V2V_INPUTS_ASPECT_RATIO_VALUES: set[Flux3VideoV2VInputsAspectRatio] = {
    "16:9",
    "1:1",
    "21:9",
    "2:1",
    "3:4",
    "4:3",
    "9:16",
    "9:21",
    "auto",
}


def check_flux_3_video_v2v_inputs_aspect_ratio(value: str) -> Flux3VideoV2VInputsAspectRatio:
    if value in FLUX_3_VIDEO_V2V_INPUTS_ASPECT_RATIO_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FLUX_3_VIDEO_V2V_INPUTS_ASPECT_RATIO_VALUES!r}")
