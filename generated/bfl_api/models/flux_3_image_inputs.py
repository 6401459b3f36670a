# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define

from ..models.flux_3_image_inputs_aspect_ratio import (
    Flux3ImageInputsAspectRatio,
    check_flux_3_image_inputs_aspect_ratio,
)
from ..models.flux_3_image_inputs_resolution import Flux3ImageInputsResolution, check_flux_3_image_inputs_resolution
from ..types import UNSET, Unset

T = TypeVar("T", bound="Flux3ImageInputs")


@_attrs_define(kw_only=True)
class Flux3ImageInputs:
    """Parameters of FLUX 3 image. Unknown keys are refused.

    Attributes:
        prompt (str): What the picture shall show, or what to change in images. May hold bounding boxes as a JSON array,
            each [top, left, bottom, right] from 0 to 1000.
        images (list[str] | None | str | Unset): One picture or a list of up to ten to edit or refer to, each from
            256x256 pixels to 16 megapixels.
        aspect_ratio (Flux3ImageInputsAspectRatio | Unset): Width to height of the picture; auto leaves it to the
            service. Server default "auto".
        resolution (Flux3ImageInputsResolution | Unset): Size class of the picture. Server default "1k".
        safety_tolerance (int | Unset): How much moderation lets pass; 0 is the strictest. Sexual content is held to 3
            and hate to 2 at most, whatever is asked. 0 to 7; server default 2.
        grounding (bool | Unset): Whether the model may look things up before it draws. Server default true.
        version (Literal['latest'] | Unset): Release of the model. Server default "latest".
    """

    prompt: str
    images: list[str] | None | str | Unset = UNSET
    aspect_ratio: Flux3ImageInputsAspectRatio | Unset = UNSET
    resolution: Flux3ImageInputsResolution | Unset = UNSET
    safety_tolerance: int | Unset = UNSET
    grounding: bool | Unset = UNSET
    version: Literal["latest"] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        prompt = self.prompt

        images: list[str] | None | str | Unset
        if isinstance(self.images, Unset):
            images = UNSET
        elif isinstance(self.images, list):
            images = self.images

        else:
            images = self.images

        aspect_ratio: str | Unset = UNSET
        if not isinstance(self.aspect_ratio, Unset):
            aspect_ratio = self.aspect_ratio

        resolution: str | Unset = UNSET
        if not isinstance(self.resolution, Unset):
            resolution = self.resolution

        safety_tolerance = self.safety_tolerance

        grounding = self.grounding

        version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "prompt": prompt,
            }
        )
        if images is not UNSET:
            field_dict["images"] = images
        if aspect_ratio is not UNSET:
            field_dict["aspect_ratio"] = aspect_ratio
        if resolution is not UNSET:
            field_dict["resolution"] = resolution
        if safety_tolerance is not UNSET:
            field_dict["safety_tolerance"] = safety_tolerance
        if grounding is not UNSET:
            field_dict["grounding"] = grounding
        if version is not UNSET:
            field_dict["version"] = version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        prompt = d.pop("prompt")

        def _parse_images(data: object) -> list[str] | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                images_type_0 = cast(list[str], data)

                return images_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | str | Unset, data)

        images = _parse_images(d.pop("images", UNSET))

        _aspect_ratio = d.pop("aspect_ratio", UNSET)
        aspect_ratio: Flux3ImageInputsAspectRatio | Unset
        if isinstance(_aspect_ratio, Unset):
            aspect_ratio = UNSET
        else:
            aspect_ratio = check_flux_3_image_inputs_aspect_ratio(_aspect_ratio)

        _resolution = d.pop("resolution", UNSET)
        resolution: Flux3ImageInputsResolution | Unset
        if isinstance(_resolution, Unset):
            resolution = UNSET
        else:
            resolution = check_flux_3_image_inputs_resolution(_resolution)

        safety_tolerance = d.pop("safety_tolerance", UNSET)

        grounding = d.pop("grounding", UNSET)

        version = cast(Literal["latest"] | Unset, d.pop("version", UNSET))
        if version != "latest" and not isinstance(version, Unset):
            raise ValueError(f"version must match const 'latest', got '{version}'")

        flux_3_image_inputs = cls(
            prompt=prompt,
            images=images,
            aspect_ratio=aspect_ratio,
            resolution=resolution,
            safety_tolerance=safety_tolerance,
            grounding=grounding,
            version=version,
        )

        return flux_3_image_inputs
