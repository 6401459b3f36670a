# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

Flux3VideoI2VInputsMode = Literal["i2v", "image-continuation"]

FLUX_3_VIDEO_I2V_INPUTS_MODE_VALUES: set[Flux3VideoI2VInputsMode] = {
    "i2v",
    "image-continuation",
}


def check_flux_3_video_i2v_inputs_mode(value: str) -> Flux3VideoI2VInputsMode:
    if value in FLUX_3_VIDEO_I2V_INPUTS_MODE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FLUX_3_VIDEO_I2V_INPUTS_MODE_VALUES!r}")
