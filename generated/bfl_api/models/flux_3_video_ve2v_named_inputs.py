# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="Flux3VideoVE2VNamedInputs")


@_attrs_define(kw_only=True)
class Flux3VideoVE2VNamedInputs:
    """Parameters of the video editing tool. Unknown keys are refused.

    Attributes:
        video (str): MP4 clip to change: at most 15 seconds and 50 MiB, no side under 160 pixels, no fewer than 17
            frames.
        prompt (str): What to change in the clip. 1 to 4096 characters.
        user (None | str | Unset): Opaque identifier of your end user. 1 to 256 characters.
        safety_tolerance (int | Unset): How much moderation lets pass, in the input and in the output; 0 is the
            strictest. 0 to 4; server default 2.
    """

    video: str
    prompt: str
    user: None | str | Unset = UNSET
    safety_tolerance: int | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        video = self.video

        prompt = self.prompt

        user: None | str | Unset
        if isinstance(self.user, Unset):
            user = UNSET
        else:
            user = self.user

        safety_tolerance = self.safety_tolerance

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "video": video,
                "prompt": prompt,
            }
        )
        if user is not UNSET:
            field_dict["user"] = user
        if safety_tolerance is not UNSET:
            field_dict["safety_tolerance"] = safety_tolerance

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        video = d.pop("video")

        prompt = d.pop("prompt")

        def _parse_user(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        user = _parse_user(d.pop("user", UNSET))

        safety_tolerance = d.pop("safety_tolerance", UNSET)

        flux_3_video_ve2v_named_inputs = cls(
            video=video,
            prompt=prompt,
            user=user,
            safety_tolerance=safety_tolerance,
        )

        return flux_3_video_ve2v_named_inputs
