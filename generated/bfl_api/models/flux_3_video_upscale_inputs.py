# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.flux_3_video_upscale_inputs_creativity import (
    Flux3VideoUpscaleInputsCreativity,
    check_flux_3_video_upscale_inputs_creativity,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="Flux3VideoUpscaleInputs")


@_attrs_define(kw_only=True)
class Flux3VideoUpscaleInputs:
    """Parameters of the video upscaling tool. Unknown keys are refused.

    Attributes:
        input_video (str): Clip to enlarge: at most 20 seconds, 50 MB and 2560x1440 pixels.
        user (None | str | Unset): Opaque identifier of your end user. 1 to 256 characters.
        prompt (str | Unset): What the clip shows. Server default "".
        creativity (Flux3VideoUpscaleInputsCreativity | Unset): 0 keeps closely to the clip, 1 lets the model invent
            detail. Server default 1.
        upscale_factor (float | Unset): Factor by which the clip is enlarged. 1.5 to 3; server default 2.
        safety_tolerance (int | Unset): How much moderation lets pass, in the input and in the output; 0 is the
            strictest. 0 to 4; server default 2.
        webhook_url (None | str | Unset): URL that the service calls with the result. 1 to 2083 characters.
        webhook_secret (None | str | Unset): Secret that comes back with the webhook call, so that the receiver can tell
            it from a forged one.
    """

    input_video: str
    user: None | str | Unset = UNSET
    prompt: str | Unset = UNSET
    creativity: Flux3VideoUpscaleInputsCreativity | Unset = UNSET
    upscale_factor: float | Unset = UNSET
    safety_tolerance: int | Unset = UNSET
    webhook_url: None | str | Unset = UNSET
    webhook_secret: None | str | Unset = _attrs_field(default=UNSET, repr=False)

    def to_dict(self) -> dict[str, Any]:
        input_video = self.input_video

        user: None | str | Unset
        if isinstance(self.user, Unset):
            user = UNSET
        else:
            user = self.user

        prompt = self.prompt

        creativity: int | Unset = UNSET
        if not isinstance(self.creativity, Unset):
            creativity = self.creativity

        upscale_factor = self.upscale_factor

        safety_tolerance = self.safety_tolerance

        webhook_url: None | str | Unset
        if isinstance(self.webhook_url, Unset):
            webhook_url = UNSET
        else:
            webhook_url = self.webhook_url

        webhook_secret: None | str | Unset
        if isinstance(self.webhook_secret, Unset):
            webhook_secret = UNSET
        else:
            webhook_secret = self.webhook_secret

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "input_video": input_video,
            }
        )
        if user is not UNSET:
            field_dict["user"] = user
        if prompt is not UNSET:
            field_dict["prompt"] = prompt
        if creativity is not UNSET:
            field_dict["creativity"] = creativity
        if upscale_factor is not UNSET:
            field_dict["upscale_factor"] = upscale_factor
        if safety_tolerance is not UNSET:
            field_dict["safety_tolerance"] = safety_tolerance
        if webhook_url is not UNSET:
            field_dict["webhook_url"] = webhook_url
        if webhook_secret is not UNSET:
            field_dict["webhook_secret"] = webhook_secret

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        input_video = d.pop("input_video")

        def _parse_user(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        user = _parse_user(d.pop("user", UNSET))

        prompt = d.pop("prompt", UNSET)

        _creativity = d.pop("creativity", UNSET)
        creativity: Flux3VideoUpscaleInputsCreativity | Unset
        if isinstance(_creativity, Unset):
            creativity = UNSET
        else:
            creativity = check_flux_3_video_upscale_inputs_creativity(_creativity)

        upscale_factor = d.pop("upscale_factor", UNSET)

        safety_tolerance = d.pop("safety_tolerance", UNSET)

        def _parse_webhook_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        webhook_url = _parse_webhook_url(d.pop("webhook_url", UNSET))

        def _parse_webhook_secret(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        webhook_secret = _parse_webhook_secret(d.pop("webhook_secret", UNSET))

        flux_3_video_upscale_inputs = cls(
            input_video=input_video,
            user=user,
            prompt=prompt,
            creativity=creativity,
            upscale_factor=upscale_factor,
            safety_tolerance=safety_tolerance,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
        )

        return flux_3_video_upscale_inputs
