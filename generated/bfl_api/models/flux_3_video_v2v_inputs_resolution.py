# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

Flux3VideoV2VInputsResolution = Literal["fhd", "hd", "qhd", "uhd"]

FLUX_3_VIDEO_V2V_INPUTS_RESOLUTION_VALUES: set[Flux3VideoV2VInputsResolution] = {
    "fhd",
    "hd",
    "qhd",
    "uhd",
}


def check_flux_3_video_v2v_inputs_resolution(value: str) -> Flux3VideoV2VInputsResolution:
    if value in FLUX_3_VIDEO_V2V_INPUTS_RESOLUTION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FLUX_3_VIDEO_V2V_INPUTS_RESOLUTION_VALUES!r}")
