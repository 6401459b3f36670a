# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

Flux3ImageKleinInputsOutputFormat = Literal["jpeg", "png"]

FLUX_3_IMAGE_KLEIN_INPUTS_OUTPUT_FORMAT_VALUES: set[Flux3ImageKleinInputsOutputFormat] = {
    "jpeg",
    "png",
}


def check_flux_3_image_klein_inputs_output_format(value: str) -> Flux3ImageKleinInputsOutputFormat:
    if value in FLUX_3_IMAGE_KLEIN_INPUTS_OUTPUT_FORMAT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FLUX_3_IMAGE_KLEIN_INPUTS_OUTPUT_FORMAT_VALUES!r}")
