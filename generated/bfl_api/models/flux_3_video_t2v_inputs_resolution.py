# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

Flux3VideoT2VInputsResolution = Literal["fhd", "hd", "qhd", "uhd"]

FLUX_3_VIDEO_T2V_INPUTS_RESOLUTION_VALUES: set[Flux3VideoT2VInputsResolution] = {
    "fhd",
    "hd",
    "qhd",
    "uhd",
}


def check_flux_3_video_t2v_inputs_resolution(value: str) -> Flux3VideoT2VInputsResolution:
    if value in FLUX_3_VIDEO_T2V_INPUTS_RESOLUTION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FLUX_3_VIDEO_T2V_INPUTS_RESOLUTION_VALUES!r}")
