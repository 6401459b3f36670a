# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.flux_3_video_draft_enhance_inputs_mode import (
    Flux3VideoDraftEnhanceInputsMode,
    check_flux_3_video_draft_enhance_inputs_mode,
)
from ..models.flux_3_video_draft_enhance_inputs_resolution import (
    Flux3VideoDraftEnhanceInputsResolution,
    check_flux_3_video_draft_enhance_inputs_resolution,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="Flux3VideoDraftEnhanceInputs")


@_attrs_define(kw_only=True)
class Flux3VideoDraftEnhanceInputs:
    """Parameters for finishing an earlier draft clip in full quality. Unknown keys are refused.

    Attributes:
        mode (Flux3VideoDraftEnhanceInputsMode): Finishes a draft.
        draft_cache (str): Draft data to finish: the draft_cache of a draft's result.
        user (None | str | Unset): Opaque identifier of your end user. 1 to 256 characters.
        resolution (Flux3VideoDraftEnhanceInputsResolution | Unset): Size class of the clip, from hd up to uhd
            (3840x2176 pixels at 16:9). Server default "fhd".
        safety_tolerance (int | Unset): How much moderation lets pass; 0 is the strictest. Sexual content is held to 3
            and hate to 2 at most, whatever is asked. 0 to 4; server default 2.
    """

    mode: Flux3VideoDraftEnhanceInputsMode
    draft_cache: str
    user: None | str | Unset = UNSET
    resolution: Flux3VideoDraftEnhanceInputsResolution | Unset = UNSET
    safety_tolerance: int | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        mode: str = self.mode

        draft_cache = self.draft_cache

        user: None | str | Unset
        if isinstance(self.user, Unset):
            user = UNSET
        else:
            user = self.user

        resolution: str | Unset = UNSET
        if not isinstance(self.resolution, Unset):
            resolution = self.resolution

        safety_tolerance = self.safety_tolerance

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "mode": mode,
                "draft_cache": draft_cache,
            }
        )
        if user is not UNSET:
            field_dict["user"] = user
        if resolution is not UNSET:
            field_dict["resolution"] = resolution
        if safety_tolerance is not UNSET:
            field_dict["safety_tolerance"] = safety_tolerance

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        mode = check_flux_3_video_draft_enhance_inputs_mode(d.pop("mode"))

        draft_cache = d.pop("draft_cache")

        def _parse_user(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        user = _parse_user(d.pop("user", UNSET))

        _resolution = d.pop("resolution", UNSET)
        resolution: Flux3VideoDraftEnhanceInputsResolution | Unset
        if isinstance(_resolution, Unset):
            resolution = UNSET
        else:
            resolution = check_flux_3_video_draft_enhance_inputs_resolution(_resolution)

        safety_tolerance = d.pop("safety_tolerance", UNSET)

        flux_3_video_draft_enhance_inputs = cls(
            mode=mode,
            draft_cache=draft_cache,
            user=user,
            resolution=resolution,
            safety_tolerance=safety_tolerance,
        )

        return flux_3_video_draft_enhance_inputs
