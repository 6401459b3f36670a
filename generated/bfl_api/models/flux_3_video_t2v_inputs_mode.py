# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

Flux3VideoT2VInputsMode = Literal["t2v", "text-to-video"]

FLUX_3_VIDEO_T2V_INPUTS_MODE_VALUES: set[Flux3VideoT2VInputsMode] = {
    "t2v",
    "text-to-video",
}


def check_flux_3_video_t2v_inputs_mode(value: str) -> Flux3VideoT2VInputsMode:
    if value in FLUX_3_VIDEO_T2V_INPUTS_MODE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FLUX_3_VIDEO_T2V_INPUTS_MODE_VALUES!r}")
