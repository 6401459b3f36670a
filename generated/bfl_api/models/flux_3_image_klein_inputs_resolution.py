# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

Flux3ImageKleinInputsResolution = Literal["1.5k", "1k", "2k", "4k", "768sq"]

FLUX_3_IMAGE_KLEIN_INPUTS_RESOLUTION_VALUES: set[Flux3ImageKleinInputsResolution] = {
    "1.5k",
    "1k",
    "2k",
    "4k",
    "768sq",
}


def check_flux_3_image_klein_inputs_resolution(value: str) -> Flux3ImageKleinInputsResolution:
    if value in FLUX_3_IMAGE_KLEIN_INPUTS_RESOLUTION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FLUX_3_IMAGE_KLEIN_INPUTS_RESOLUTION_VALUES!r}")
