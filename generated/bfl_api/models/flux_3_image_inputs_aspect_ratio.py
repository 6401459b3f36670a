# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

Flux3ImageInputsAspectRatio = Literal[
    "16:9", "1:1", "1:2", "21:9", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "5:7", "7:5", "9:16", "9:21", "auto"
]

FLUX_3_IMAGE_INPUTS_ASPECT_RATIO_VALUES: set[Flux3ImageInputsAspectRatio] = {
    "16:9",
    "1:1",
    "1:2",
    "21:9",
    "2:1",
    "2:3",
    "3:2",
    "3:4",
    "4:3",
    "4:5",
    "5:4",
    "5:7",
    "7:5",
    "9:16",
    "9:21",
    "auto",
}


def check_flux_3_image_inputs_aspect_ratio(value: str) -> Flux3ImageInputsAspectRatio:
    if value in FLUX_3_IMAGE_INPUTS_ASPECT_RATIO_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FLUX_3_IMAGE_INPUTS_ASPECT_RATIO_VALUES!r}")
