# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

Flux3VideoV2VInputsDuration = Literal["auto"]

FLUX_3_VIDEO_V2V_INPUTS_DURATION_VALUES: set[Flux3VideoV2VInputsDuration] = {
    "auto",
}


def check_flux_3_video_v2v_inputs_duration(value: str) -> Flux3VideoV2VInputsDuration:
    if value in FLUX_3_VIDEO_V2V_INPUTS_DURATION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FLUX_3_VIDEO_V2V_INPUTS_DURATION_VALUES!r}")
