# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

Flux3VideoDraftEnhanceInputsMode = Literal["draft-enhance", "draft_enhance"]

FLUX_3_VIDEO_DRAFT_ENHANCE_INPUTS_MODE_VALUES: set[Flux3VideoDraftEnhanceInputsMode] = {
    "draft-enhance",
    "draft_enhance",
}


def check_flux_3_video_draft_enhance_inputs_mode(value: str) -> Flux3VideoDraftEnhanceInputsMode:
    if value in FLUX_3_VIDEO_DRAFT_ENHANCE_INPUTS_MODE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FLUX_3_VIDEO_DRAFT_ENHANCE_INPUTS_MODE_VALUES!r}")
