# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.flux_outpainting_inputs_mode import FluxOutpaintingInputsMode, check_flux_outpainting_inputs_mode
from ..models.output_format import OutputFormat, check_output_format
from ..types import UNSET, Unset

T = TypeVar("T", bound="FluxOutpaintingInputs")


@_attrs_define(kw_only=True)
class FluxOutpaintingInputs:
    """Parameters of the outpainting tool. Unknown keys are refused.

    Attributes:
        input_image (str): Picture to place on the canvas; with mode fast it must be base64, not a URL.
        width (int): Width of the canvas in pixels; the canvas may have 4,194,304 pixels in all and a side ratio of 8 to
            1. At least 64.
        height (int): Height of the canvas in pixels; the limits on its area and ratio stand at width. At least 64.
        user (None | str | Unset): Opaque identifier of your end user. 1 to 256 characters.
        auto_crop (bool | Unset): Whether the service may crop the input picture by itself. Server default false.
        safety_tolerance (int | Unset): How much moderation lets pass, in the input and in the output; 0 is the
            strictest. 0 to 5; server default 2.
        output_format (None | OutputFormat | Unset): File format of the picture. Server default "png".
        prompt (None | str | Unset): What the new part of the canvas shall show.
        reference_offset_x (int | None | Unset): Horizontal place of the input picture on the canvas, in pixels.
        reference_offset_y (int | None | Unset): Vertical place of the input picture on the canvas, in pixels.
        mode (FluxOutpaintingInputsMode | Unset): Quality or speed. Server default "high".
        disable_pup (bool | Unset): Whether to keep the service from rewriting the prompt (prompt upsampling). Server
            default false.
    """

    input_image: str
    width: int
    height: int
    user: None | str | Unset = UNSET
    auto_crop: bool | Unset = UNSET
    safety_tolerance: int | Unset = UNSET
    output_format: None | OutputFormat | Unset = UNSET
    prompt: None | str | Unset = UNSET
    reference_offset_x: int | None | Unset = UNSET
    reference_offset_y: int | None | Unset = UNSET
    mode: FluxOutpaintingInputsMode | Unset = UNSET
    disable_pup: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        input_image = self.input_image

        width = self.width

        height = self.height

        user: None | str | Unset
        if isinstance(self.user, Unset):
            user = UNSET
        else:
            user = self.user

        auto_crop = self.auto_crop

        safety_tolerance = self.safety_tolerance

        output_format: None | str | Unset
        if isinstance(self.output_format, Unset):
            output_format = UNSET
        elif isinstance(self.output_format, str):
            output_format = self.output_format
        else:
            output_format = self.output_format

        prompt: None | str | Unset
        if isinstance(self.prompt, Unset):
            prompt = UNSET
        else:
            prompt = self.prompt

        reference_offset_x: int | None | Unset
        if isinstance(self.reference_offset_x, Unset):
            reference_offset_x = UNSET
        else:
            reference_offset_x = self.reference_offset_x

        reference_offset_y: int | None | Unset
        if isinstance(self.reference_offset_y, Unset):
            reference_offset_y = UNSET
        else:
            reference_offset_y = self.reference_offset_y

        mode: str | Unset = UNSET
        if not isinstance(self.mode, Unset):
            mode = self.mode

        disable_pup = self.disable_pup

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "input_image": input_image,
                "width": width,
                "height": height,
            }
        )
        if user is not UNSET:
            field_dict["user"] = user
        if auto_crop is not UNSET:
            field_dict["auto_crop"] = auto_crop
        if safety_tolerance is not UNSET:
            field_dict["safety_tolerance"] = safety_tolerance
        if output_format is not UNSET:
            field_dict["output_format"] = output_format
        if prompt is not UNSET:
            field_dict["prompt"] = prompt
        if reference_offset_x is not UNSET:
            field_dict["reference_offset_x"] = reference_offset_x
        if reference_offset_y is not UNSET:
            field_dict["reference_offset_y"] = reference_offset_y
        if mode is not UNSET:
            field_dict["mode"] = mode
        if disable_pup is not UNSET:
            field_dict["disable_pup"] = disable_pup

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        input_image = d.pop("input_image")

        width = d.pop("width")

        height = d.pop("height")

        def _parse_user(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        user = _parse_user(d.pop("user", UNSET))

        auto_crop = d.pop("auto_crop", UNSET)

        safety_tolerance = d.pop("safety_tolerance", UNSET)

        def _parse_output_format(data: object) -> None | OutputFormat | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                output_format_type_0 = check_output_format(data)

                return output_format_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | OutputFormat | Unset, data)

        output_format = _parse_output_format(d.pop("output_format", UNSET))

        def _parse_prompt(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        prompt = _parse_prompt(d.pop("prompt", UNSET))

        def _parse_reference_offset_x(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        reference_offset_x = _parse_reference_offset_x(d.pop("reference_offset_x", UNSET))

        def _parse_reference_offset_y(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        reference_offset_y = _parse_reference_offset_y(d.pop("reference_offset_y", UNSET))

        _mode = d.pop("mode", UNSET)
        mode: FluxOutpaintingInputsMode | Unset
        if isinstance(_mode, Unset):
            mode = UNSET
        else:
            mode = check_flux_outpainting_inputs_mode(_mode)

        disable_pup = d.pop("disable_pup", UNSET)

        flux_outpainting_inputs = cls(
            input_image=input_image,
            width=width,
            height=height,
            user=user,
            auto_crop=auto_crop,
            safety_tolerance=safety_tolerance,
            output_format=output_format,
            prompt=prompt,
            reference_offset_x=reference_offset_x,
            reference_offset_y=reference_offset_y,
            mode=mode,
            disable_pup=disable_pup,
        )

        return flux_outpainting_inputs
