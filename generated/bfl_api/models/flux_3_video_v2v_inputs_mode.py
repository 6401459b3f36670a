# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

Flux3VideoV2VInputsMode = Literal["v2v", "video-continuation"]

FLUX_3_VIDEO_V2V_INPUTS_MODE_VALUES: set[Flux3VideoV2VInputsMode] = {
    "v2v",
    "video-continuation",
}


def check_flux_3_video_v2v_inputs_mode(value: str) -> Flux3VideoV2VInputsMode:
    if value in FLUX_3_VIDEO_V2V_INPUTS_MODE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FLUX_3_VIDEO_V2V_INPUTS_MODE_VALUES!r}")
