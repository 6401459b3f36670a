# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.flux_3_image_klein_inputs_output_format import (
    Flux3ImageKleinInputsOutputFormat,
    check_flux_3_image_klein_inputs_output_format,
)
from ..models.flux_3_image_klein_inputs_resolution import (
    Flux3ImageKleinInputsResolution,
    check_flux_3_image_klein_inputs_resolution,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="Flux3ImageKleinInputs")


@_attrs_define(kw_only=True)
class Flux3ImageKleinInputs:
    """Parameters of FLUX 3 Image Klein, put together from other clients. There may be more; keys that are not listed here
    are sent.

        Attributes:
            prompt (str): What the picture should show, or what to change in images.
            images (list[str] | None | str | Unset): One picture, or a list of up to ten, to edit or refer to. That the
                parameter has this name is a guess.
            resolution (Flux3ImageKleinInputsResolution | Unset): Size class of the picture. The default is a guess. Server
                default "1k".
            width (int | None | Unset): Width of the picture in pixels. The name is a guess; bounds and what it does beside
                resolution are not known.
            height (int | None | Unset): Height of the picture in pixels. The name is a guess; bounds and what it does
                beside resolution are not known.
            seed (int | None | Unset): Seed of the random generator. The bounds are from one other client. 0 to 4294967295.
            steps (int | Unset): Number of steps. The bounds are from one other client. 1 to 16.
            safety_tolerance (int | Unset): Tolerance of the moderation; 0 is the strictest. The default is a guess; the
                service decides on values above 4. 0 to 7; server default 2.
            output_format (Flux3ImageKleinInputsOutputFormat | Unset): File format of the picture. The two values are from
                one other client; the default is not known.
    """

    prompt: str
    images: list[str] | None | str | Unset = UNSET
    resolution: Flux3ImageKleinInputsResolution | Unset = UNSET
    width: int | None | Unset = UNSET
    height: int | None | Unset = UNSET
    seed: int | None | Unset = UNSET
    steps: int | Unset = UNSET
    safety_tolerance: int | Unset = UNSET
    output_format: Flux3ImageKleinInputsOutputFormat | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        prompt = self.prompt

        images: list[str] | None | str | Unset
        if isinstance(self.images, Unset):
            images = UNSET
        elif isinstance(self.images, list):
            images = self.images

        else:
            images = self.images

        resolution: str | Unset = UNSET
        if not isinstance(self.resolution, Unset):
            resolution = self.resolution

        width: int | None | Unset
        if isinstance(self.width, Unset):
            width = UNSET
        else:
            width = self.width

        height: int | None | Unset
        if isinstance(self.height, Unset):
            height = UNSET
        else:
            height = self.height

        seed: int | None | Unset
        if isinstance(self.seed, Unset):
            seed = UNSET
        else:
            seed = self.seed

        steps = self.steps

        safety_tolerance = self.safety_tolerance

        output_format: str | Unset = UNSET
        if not isinstance(self.output_format, Unset):
            output_format = self.output_format

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "prompt": prompt,
            }
        )
        if images is not UNSET:
            field_dict["images"] = images
        if resolution is not UNSET:
            field_dict["resolution"] = resolution
        if width is not UNSET:
            field_dict["width"] = width
        if height is not UNSET:
            field_dict["height"] = height
        if seed is not UNSET:
            field_dict["seed"] = seed
        if steps is not UNSET:
            field_dict["steps"] = steps
        if safety_tolerance is not UNSET:
            field_dict["safety_tolerance"] = safety_tolerance
        if output_format is not UNSET:
            field_dict["output_format"] = output_format

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
                images_type_1 = cast(list[str], data)

                return images_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | str | Unset, data)

        images = _parse_images(d.pop("images", UNSET))

        _resolution = d.pop("resolution", UNSET)
        resolution: Flux3ImageKleinInputsResolution | Unset
        if isinstance(_resolution, Unset):
            resolution = UNSET
        else:
            resolution = check_flux_3_image_klein_inputs_resolution(_resolution)

        def _parse_width(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        width = _parse_width(d.pop("width", UNSET))

        def _parse_height(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        height = _parse_height(d.pop("height", UNSET))

        def _parse_seed(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        seed = _parse_seed(d.pop("seed", UNSET))

        steps = d.pop("steps", UNSET)

        safety_tolerance = d.pop("safety_tolerance", UNSET)

        _output_format = d.pop("output_format", UNSET)
        output_format: Flux3ImageKleinInputsOutputFormat | Unset
        if isinstance(_output_format, Unset):
            output_format = UNSET
        else:
            output_format = check_flux_3_image_klein_inputs_output_format(_output_format)

        flux_3_image_klein_inputs = cls(
            prompt=prompt,
            images=images,
            resolution=resolution,
            width=width,
            height=height,
            seed=seed,
            steps=steps,
            safety_tolerance=safety_tolerance,
            output_format=output_format,
        )

        flux_3_image_klein_inputs.additional_properties = d
        return flux_3_image_klein_inputs

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
