# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define

from ..models.flux_3_video_v2v_inputs_aspect_ratio import (
    Flux3VideoV2VInputsAspectRatio,
    check_flux_3_video_v2v_inputs_aspect_ratio,
)
from ..models.flux_3_video_v2v_inputs_duration import (
    Flux3VideoV2VInputsDuration,
    check_flux_3_video_v2v_inputs_duration,
)
from ..models.flux_3_video_v2v_inputs_mode import Flux3VideoV2VInputsMode, check_flux_3_video_v2v_inputs_mode
from ..models.flux_3_video_v2v_inputs_resolution import (
    Flux3VideoV2VInputsResolution,
    check_flux_3_video_v2v_inputs_resolution,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="Flux3VideoV2VInputs")


@_attrs_define(kw_only=True)
class Flux3VideoV2VInputs:
    """Parameters for continuing a clip. Unknown keys are refused.

    Attributes:
        prompt (str): How the clip shall go on.
        mode (Flux3VideoV2VInputsMode): Continues a clip.
        start_video (str): Clip to continue.
        user (None | str | Unset): Opaque identifier of your end user. 1 to 256 characters.
        aspect_ratio (Flux3VideoV2VInputsAspectRatio | Unset): Width to height of the clip; auto leaves it to the
            service. Server default "auto".
        duration (Flux3VideoV2VInputsDuration | int | Unset): Length of the clip in seconds; auto leaves it to the
            service. 5 to 15; server default "auto".
        resolution (Flux3VideoV2VInputsResolution | Unset): Size class of the clip, from hd up to uhd (3840x2176 pixels
            at 16:9). Server default "hd".
        version (Literal['latest'] | Unset): Release of the model. Server default "latest".
        generate_audio (bool | Unset): Whether the clip gets a sound track. Server default true.
        safety_tolerance (int | Unset): How much moderation lets pass; 0 is the strictest. Sexual content is held to 3
            and hate to 2 at most, whatever is asked. 0 to 4; server default 2.
        draft (bool | Unset): Whether to make a cheap draft, to be finished later with mode draft_enhance; only with
            resolution hd. Server default false.
    """

    prompt: str
    mode: Flux3VideoV2VInputsMode
    start_video: str
    user: None | str | Unset = UNSET
    aspect_ratio: Flux3VideoV2VInputsAspectRatio | Unset = UNSET
    duration: Flux3VideoV2VInputsDuration | int | Unset = UNSET
    resolution: Flux3VideoV2VInputsResolution | Unset = UNSET
    version: Literal["latest"] | Unset = UNSET
    generate_audio: bool | Unset = UNSET
    safety_tolerance: int | Unset = UNSET
    draft: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        prompt = self.prompt

        mode: str = self.mode

        start_video = self.start_video

        user: None | str | Unset
        if isinstance(self.user, Unset):
            user = UNSET
        else:
            user = self.user

        aspect_ratio: str | Unset = UNSET
        if not isinstance(self.aspect_ratio, Unset):
            aspect_ratio = self.aspect_ratio

        duration: int | str | Unset
        if isinstance(self.duration, Unset):
            duration = UNSET
        elif isinstance(self.duration, str):
            duration = self.duration
        else:
            duration = self.duration

        resolution: str | Unset = UNSET
        if not isinstance(self.resolution, Unset):
            resolution = self.resolution

        version = self.version

        generate_audio = self.generate_audio

        safety_tolerance = self.safety_tolerance

        draft = self.draft

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "prompt": prompt,
                "mode": mode,
                "start_video": start_video,
            }
        )
        if user is not UNSET:
            field_dict["user"] = user
        if aspect_ratio is not UNSET:
            field_dict["aspect_ratio"] = aspect_ratio
        if duration is not UNSET:
            field_dict["duration"] = duration
        if resolution is not UNSET:
            field_dict["resolution"] = resolution
        if version is not UNSET:
            field_dict["version"] = version
        if generate_audio is not UNSET:
            field_dict["generate_audio"] = generate_audio
        if safety_tolerance is not UNSET:
            field_dict["safety_tolerance"] = safety_tolerance
        if draft is not UNSET:
            field_dict["draft"] = draft

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        prompt = d.pop("prompt")

        mode = check_flux_3_video_v2v_inputs_mode(d.pop("mode"))

        start_video = d.pop("start_video")

        def _parse_user(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        user = _parse_user(d.pop("user", UNSET))

        _aspect_ratio = d.pop("aspect_ratio", UNSET)
        aspect_ratio: Flux3VideoV2VInputsAspectRatio | Unset
        if isinstance(_aspect_ratio, Unset):
            aspect_ratio = UNSET
        else:
            aspect_ratio = check_flux_3_video_v2v_inputs_aspect_ratio(_aspect_ratio)

        def _parse_duration(data: object) -> Flux3VideoV2VInputsDuration | int | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                duration_type_1 = check_flux_3_video_v2v_inputs_duration(data)

                return duration_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Flux3VideoV2VInputsDuration | int | Unset, data)

        duration = _parse_duration(d.pop("duration", UNSET))

        _resolution = d.pop("resolution", UNSET)
        resolution: Flux3VideoV2VInputsResolution | Unset
        if isinstance(_resolution, Unset):
            resolution = UNSET
        else:
            resolution = check_flux_3_video_v2v_inputs_resolution(_resolution)

        version = cast(Literal["latest"] | Unset, d.pop("version", UNSET))
        if version != "latest" and not isinstance(version, Unset):
            raise ValueError(f"version must match const 'latest', got '{version}'")

        generate_audio = d.pop("generate_audio", UNSET)

        safety_tolerance = d.pop("safety_tolerance", UNSET)

        draft = d.pop("draft", UNSET)

        flux_3_video_v2v_inputs = cls(
            prompt=prompt,
            mode=mode,
            start_video=start_video,
            user=user,
            aspect_ratio=aspect_ratio,
            duration=duration,
            resolution=resolution,
            version=version,
            generate_audio=generate_audio,
            safety_tolerance=safety_tolerance,
            draft=draft,
        )

        return flux_3_video_v2v_inputs
