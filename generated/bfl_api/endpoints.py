# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

"""Typed methods for every task endpoint, on top of one function that sends."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, Generic, Literal, Protocol, TypeAlias, TypeVar


class SupportsSave(Protocol):
    """A picture in memory: anything that can write itself to a binary file, such as Pillow's images."""

    def save(self, fp: IO[bytes], format: str | None = None) -> object:
        """Write the picture to `fp` in the given format."""
        ...


class SupportsToDict(Protocol):
    """A generated model."""

    def to_dict(self) -> dict[str, Any]:
        """Return the model as it is sent."""
        ...


Media: TypeAlias = str | bytes | os.PathLike[str] | IO[bytes] | SupportsSave
"""Media: an http(s) URL, a data URI or base64 as `str`; or bytes, a path, an open file, a picture in memory."""

EndpointName: TypeAlias = Literal[
    "flux-pro-1.1",
    "flux-dev",
    "flux-pro-1.1-ultra",
    "flux-pro-1.0-fill",
    "flux-pro-1.0-expand",
    "flux-kontext-pro",
    "flux-kontext-max",
    "flux-2-max",
    "flux-2-klein-9b",
    "flux-2-klein-4b",
    "flux-2-klein-9b-preview",
    "flux-2-pro-preview",
    "flux-2-pro",
    "flux-2-flex",
    "flux-pro-1.0-fill-finetuned",
    "flux-pro-1.1-ultra-finetuned",
    "flux-3-video",
    "flux-3-image",
    "flux-tools/video-upscale-v1",
    "flux-tools/video-edit-v1",
    "flux-tools/outpainting-v1",
    "flux-tools/vto-v1",
    "flux-tools/vto-v2",
    "flux-tools/erase-v1",
    "flux-tools/deblur-v1",
    "flux-2-klein-4b-finetuned",
    "flux-2-klein-9b-finetuned",
    "flux-2-klein-9b-kv-finetuned",
    "flux-2-klein-9b-kv-bf16-finetuned",
    "flux-2-klein-base-4b-finetuned",
    "flux-2-klein-base-9b-finetuned",
    "flux-3-image-klein",
]
"""The names of all task endpoints of this version."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Send(Protocol[T_co]):
    """What the methods of `Endpoints` call to send a body to an endpoint."""

    def __call__(
        self, endpoint: str, body: Mapping[str, Any], *, validate: bool = True, extra: Mapping[str, Any] | None = None
    ) -> T_co:
        """Send `body` to `endpoint`, checked unless `validate` is false, and with the keys of `extra`, unchecked."""
        ...


class Endpoints(Generic[T]):
    """One typed method per task endpoint, and a call that takes any endpoint by name.

    A parameter that is None is not sent: the server then uses its own default.
    """

    __slots__ = ("__send",)

    def __init__(self, send: Send[T]) -> None:
        """Build on `send`; what it returns is what the methods return."""
        self.__send = send

    def __call__(
        self,
        endpoint: EndpointName | str,
        body: Mapping[str, Any] | SupportsToDict | None = None,
        /,
        *,
        validate: bool = True,
        extra: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> T:
        """Send to an endpoint by its name, which may be one that this version does not know.

        Args:
            endpoint: The path after the version.
            body: A mapping or a generated model. A null in a mapping is sent as it stands.
            validate: Whether the request is checked against the specification before it is sent.
            extra: Keys that the specification does not know; they are sent unchecked.
            parameters: More keys of the body; they replace those of `body`, and None is not sent. A key called `validate`
                or `extra` has to be in `body` (or be passed to the endpoint's own method).
        """
        return self.__send(endpoint, _merged(body, parameters), validate=validate, extra=extra)

    def flux_pro_1_1(
        self,
        prompt: str | None = None,
        *,
        user: str | None = None,
        image_prompt: Media | None = None,
        width: int | None = None,
        height: int | None = None,
        prompt_upsampling: bool | None = None,
        seed: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX1.1 [pro].

        Makes a picture from a text and, if wanted, a guiding picture with FLUX1.1 [pro].

        Args:
            prompt: What the picture shall show. Server default "".
            user: Opaque identifier of your end user. 1 to 256 characters.
            image_prompt: Picture that guides the generation beside the prompt.
            width: Width of the picture in pixels. 256 to 1440, a multiple of 32; server default 1024.
            height: Height of the picture in pixels. 256 to 1440, a multiple of 32; server default 768.
            prompt_upsampling: Whether the service may rewrite and enrich the prompt. Server default false.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 6; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-pro-1.1",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "image_prompt": image_prompt,
                    "width": width,
                    "height": height,
                    "prompt_upsampling": prompt_upsampling,
                    "seed": seed,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_dev(
        self,
        prompt: str | None = None,
        *,
        user: str | None = None,
        image_prompt: Media | None = None,
        width: int | None = None,
        height: int | None = None,
        steps: int | None = None,
        prompt_upsampling: bool | None = None,
        seed: int | None = None,
        guidance: float | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.1 [dev].

        Makes a picture from a text and, if wanted, a guiding picture with FLUX.1 [dev].

        Args:
            prompt: What the picture shall show. Server default "".
            user: Opaque identifier of your end user. 1 to 256 characters.
            image_prompt: Picture that guides the generation beside the prompt.
            width: Width of the picture in pixels. 256 to 1440, a multiple of 32; server default 1024.
            height: Height of the picture in pixels. 256 to 1440, a multiple of 32; server default 768.
            steps: Number of denoising steps; more of them take longer. 1 to 50; server default 28.
            prompt_upsampling: Whether the service may rewrite and enrich the prompt. Server default false.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            guidance: How closely the picture keeps to the prompt. 1.5 to 5; server default 3.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 6; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-dev",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "image_prompt": image_prompt,
                    "width": width,
                    "height": height,
                    "steps": steps,
                    "prompt_upsampling": prompt_upsampling,
                    "seed": seed,
                    "guidance": guidance,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_pro_1_1_ultra(
        self,
        prompt: str | None = None,
        *,
        user: str | None = None,
        prompt_upsampling: bool | None = None,
        seed: int | None = None,
        aspect_ratio: str | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        raw: bool | None = None,
        image_prompt: Media | None = None,
        image_prompt_strength: float | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX1.1 [pro] ultra.

        Makes a large picture from a text with FLUX1.1 [pro] in ultra mode; its shape is given as an aspect
        ratio. With raw it aims for a less polished look.

        Args:
            prompt: What the picture shall show. Server default "".
            user: Opaque identifier of your end user. 1 to 256 characters.
            prompt_upsampling: Whether the service may rewrite and enrich the prompt. Server default false.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            aspect_ratio: Width to height of the picture, written like 16:9. 9:21 to 21:9; server default
                "16:9".
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 6; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            raw: Whether to aim for a less polished, more natural look. Server default false.
            image_prompt: Picture that guides the generation beside the prompt.
            image_prompt_strength: Weight of image_prompt against the prompt. 0 to 1; server default 0.1.
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-pro-1.1-ultra",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "prompt_upsampling": prompt_upsampling,
                    "seed": seed,
                    "aspect_ratio": aspect_ratio,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "raw": raw,
                    "image_prompt": image_prompt,
                    "image_prompt_strength": image_prompt_strength,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_pro_1_0_fill(
        self,
        prompt: str | None = None,
        *,
        image: Media,
        user: str | None = None,
        mask: Media | None = None,
        steps: int | None = None,
        prompt_upsampling: bool | None = None,
        seed: int | None = None,
        guidance: float | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        safety_tolerance: int | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.1 Fill [pro].

        Repaints the masked part of a picture after a text (inpainting).

        Args:
            prompt: What the masked part shall show. Server default "".
            image: Picture to work on.
            user: Opaque identifier of your end user. 1 to 256 characters.
            mask: Picture that marks the part of image to repaint.
            steps: Number of denoising steps; more of them take longer. 15 to 50; server default 50.
            prompt_upsampling: Whether the service may rewrite and enrich the prompt. Server default false.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            guidance: How closely the picture keeps to the prompt. 1.5 to 100; server default 60.
            output_format: File format of the picture. Server default "jpeg".
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 6; server default 2.
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-pro-1.0-fill",
            _present(
                {
                    "prompt": prompt,
                    "image": image,
                    "user": user,
                    "mask": mask,
                    "steps": steps,
                    "prompt_upsampling": prompt_upsampling,
                    "seed": seed,
                    "guidance": guidance,
                    "output_format": output_format,
                    "safety_tolerance": safety_tolerance,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_pro_1_0_expand(
        self,
        prompt: str | None = None,
        *,
        image: Media,
        user: str | None = None,
        top: int | None = None,
        bottom: int | None = None,
        left: int | None = None,
        right: int | None = None,
        steps: int | None = None,
        prompt_upsampling: bool | None = None,
        seed: int | None = None,
        guidance: float | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        safety_tolerance: int | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.1 Expand [pro].

        Extends a picture beyond its edges by a number of pixels on each side.

        Args:
            prompt: What the added margins shall show. Server default "".
            image: Picture to extend.
            user: Opaque identifier of your end user. 1 to 256 characters.
            top: Pixels to add above the picture. 0 to 2048; server default 0.
            bottom: Pixels to add below the picture. 0 to 2048; server default 0.
            left: Pixels to add to the left of the picture. 0 to 2048; server default 0.
            right: Pixels to add to the right of the picture. 0 to 2048; server default 0.
            steps: Number of denoising steps; more of them take longer. 15 to 50; server default 50.
            prompt_upsampling: Whether the service may rewrite and enrich the prompt. Server default false.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            guidance: How closely the picture keeps to the prompt. 1.5 to 100; server default 60.
            output_format: File format of the picture. Server default "jpeg".
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 6; server default 2.
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-pro-1.0-expand",
            _present(
                {
                    "prompt": prompt,
                    "image": image,
                    "user": user,
                    "top": top,
                    "bottom": bottom,
                    "left": left,
                    "right": right,
                    "steps": steps,
                    "prompt_upsampling": prompt_upsampling,
                    "seed": seed,
                    "guidance": guidance,
                    "output_format": output_format,
                    "safety_tolerance": safety_tolerance,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_kontext_pro(
        self,
        prompt: str,
        *,
        user: str | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        seed: int | None = None,
        aspect_ratio: str | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        prompt_upsampling: bool | None = None,
        safety_tolerance: int | None = None,
    ) -> T:
        """FLUX.1 Kontext [pro].

        Edits a picture as a text says, or makes a new one when no picture is given.

        Args:
            prompt: What the picture shall show, or what to change in input_image.
            user: Opaque identifier of your end user. 1 to 256 characters.
            input_image: Picture to edit, of at most 20 MB or 20 megapixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            aspect_ratio: Width to height of the picture, written like 16:9. 9:21 to 21:9.
            output_format: File format of the picture. Server default "png".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
            prompt_upsampling: Whether the service may rewrite and enrich the prompt. Server default false.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 6; server default 2.
        """
        return self.__send(
            "flux-kontext-pro",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "seed": seed,
                    "aspect_ratio": aspect_ratio,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                    "prompt_upsampling": prompt_upsampling,
                    "safety_tolerance": safety_tolerance,
                }
            ),
        )

    def flux_kontext_max(
        self,
        prompt: str,
        *,
        user: str | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        seed: int | None = None,
        aspect_ratio: str | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        prompt_upsampling: bool | None = None,
        safety_tolerance: int | None = None,
    ) -> T:
        """FLUX.1 Kontext [max].

        Edits a picture as a text says, or makes a new one when no picture is given, with the largest Kontext
        model. Fewer tasks may be active at a time than elsewhere.

        Args:
            prompt: What the picture shall show, or what to change in input_image.
            user: Opaque identifier of your end user. 1 to 256 characters.
            input_image: Picture to edit, of at most 20 MB or 20 megapixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            aspect_ratio: Width to height of the picture, written like 16:9. 9:21 to 21:9.
            output_format: File format of the picture. Server default "png".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
            prompt_upsampling: Whether the service may rewrite and enrich the prompt. Server default false.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 6; server default 2.
        """
        return self.__send(
            "flux-kontext-max",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "seed": seed,
                    "aspect_ratio": aspect_ratio,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                    "prompt_upsampling": prompt_upsampling,
                    "safety_tolerance": safety_tolerance,
                }
            ),
        )

    def flux_2_max(
        self,
        prompt: str,
        *,
        user: str | None = None,
        disable_pup: bool | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        input_image_5: Media | None = None,
        input_image_6: Media | None = None,
        input_image_7: Media | None = None,
        input_image_8: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [max].

        Makes or edits a picture with FLUX.2 [max], from a text and up to eight reference pictures.

        Args:
            prompt: What the picture shall show, or what to change in the input pictures.
            user: Opaque identifier of your end user. 1 to 256 characters.
            disable_pup: Whether to keep the service from rewriting the prompt (prompt upsampling). Server
                default false.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            input_image_5: Fifth picture to refer to in the prompt.
            input_image_6: Sixth picture to refer to in the prompt.
            input_image_7: Seventh picture to refer to in the prompt.
            input_image_8: Eighth picture to refer to in the prompt.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            width: Width of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-2-max",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "disable_pup": disable_pup,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "input_image_5": input_image_5,
                    "input_image_6": input_image_6,
                    "input_image_7": input_image_7,
                    "input_image_8": input_image_8,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_klein_9b(
        self,
        prompt: str,
        *,
        user: str | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [klein] 9B.

        Makes or edits a picture with the small FLUX.2 model of nine billion parameters. This path stays on
        one release.

        Args:
            prompt: What the picture shall show, or what to change in the input pictures.
            user: Opaque identifier of your end user. 1 to 256 characters.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            width: Width of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-2-klein-9b",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_klein_4b(
        self,
        prompt: str,
        *,
        user: str | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [klein] 4B.

        Makes or edits a picture with the small FLUX.2 model of four billion parameters.

        Args:
            prompt: What the picture shall show, or what to change in the input pictures.
            user: Opaque identifier of your end user. 1 to 256 characters.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            width: Width of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-2-klein-4b",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_klein_9b_preview(
        self,
        prompt: str,
        *,
        user: str | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [klein] 9B preview.

        Makes or edits a picture with the newest state of FLUX.2 [klein] 9B. What stands behind this path
        changes without notice.

        Args:
            prompt: What the picture shall show, or what to change in the input pictures.
            user: Opaque identifier of your end user. 1 to 256 characters.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            width: Width of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-2-klein-9b-preview",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_pro_preview(
        self,
        prompt: str,
        *,
        user: str | None = None,
        disable_pup: bool | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        input_image_5: Media | None = None,
        input_image_6: Media | None = None,
        input_image_7: Media | None = None,
        input_image_8: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [pro] preview.

        Makes or edits a picture with the newest state of FLUX.2 [pro]. What stands behind this path changes
        without notice.

        Args:
            prompt: What the picture shall show, or what to change in the input pictures.
            user: Opaque identifier of your end user. 1 to 256 characters.
            disable_pup: Whether to keep the service from rewriting the prompt (prompt upsampling). Server
                default false.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            input_image_5: Fifth picture to refer to in the prompt.
            input_image_6: Sixth picture to refer to in the prompt.
            input_image_7: Seventh picture to refer to in the prompt.
            input_image_8: Eighth picture to refer to in the prompt.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            width: Width of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-2-pro-preview",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "disable_pup": disable_pup,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "input_image_5": input_image_5,
                    "input_image_6": input_image_6,
                    "input_image_7": input_image_7,
                    "input_image_8": input_image_8,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_pro(
        self,
        prompt: str,
        *,
        user: str | None = None,
        disable_pup: bool | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        input_image_5: Media | None = None,
        input_image_6: Media | None = None,
        input_image_7: Media | None = None,
        input_image_8: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [pro].

        Makes or edits a picture with FLUX.2 [pro], from a text and up to eight reference pictures. This path
        stays on one release.

        Args:
            prompt: What the picture shall show, or what to change in the input pictures.
            user: Opaque identifier of your end user. 1 to 256 characters.
            disable_pup: Whether to keep the service from rewriting the prompt (prompt upsampling). Server
                default false.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            input_image_5: Fifth picture to refer to in the prompt.
            input_image_6: Sixth picture to refer to in the prompt.
            input_image_7: Seventh picture to refer to in the prompt.
            input_image_8: Eighth picture to refer to in the prompt.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            width: Width of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-2-pro",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "disable_pup": disable_pup,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "input_image_5": input_image_5,
                    "input_image_6": input_image_6,
                    "input_image_7": input_image_7,
                    "input_image_8": input_image_8,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_flex(
        self,
        prompt: str,
        *,
        user: str | None = None,
        prompt_upsampling: bool | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        input_image_5: Media | None = None,
        input_image_6: Media | None = None,
        input_image_7: Media | None = None,
        input_image_8: Media | None = None,
        input_image_blob_path: str | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        guidance: float | None = None,
        steps: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [flex].

        Makes or edits a picture with FLUX.2 [flex], where the number of steps and the guidance can be chosen.

        Args:
            prompt: What the picture shall show, or what to change in the input pictures.
            user: Opaque identifier of your end user. 1 to 256 characters.
            prompt_upsampling: Whether the service may rewrite and enrich the prompt. Server default true.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            input_image_5: Fifth picture to refer to in the prompt.
            input_image_6: Sixth picture to refer to in the prompt.
            input_image_7: Seventh picture to refer to in the prompt.
            input_image_8: Eighth picture to refer to in the prompt.
            input_image_blob_path: Path of an input picture within the service's own storage.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            width: Width of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. When left out it
                follows the input picture, or is 1024 without one. At least 64.
            guidance: How closely the picture keeps to the prompt. 1.5 to 10; server default 5.
            steps: Number of denoising steps; more of them take longer. 1 to 50; server default 50.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-2-flex",
            _present(
                {
                    "prompt": prompt,
                    "user": user,
                    "prompt_upsampling": prompt_upsampling,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "input_image_5": input_image_5,
                    "input_image_6": input_image_6,
                    "input_image_7": input_image_7,
                    "input_image_8": input_image_8,
                    "input_image_blob_path": input_image_blob_path,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "guidance": guidance,
                    "steps": steps,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_pro_1_0_fill_finetuned(
        self,
        prompt: str | None = None,
        *,
        finetune_id: str,
        image: Media,
        user: str | None = None,
        finetune_strength: float | None = None,
        mask: Media | None = None,
        steps: int | None = None,
        prompt_upsampling: bool | None = None,
        seed: int | None = None,
        guidance: float | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        safety_tolerance: int | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.1 Fill [pro] with a finetune.

        Repaints the masked part of a picture after a text, with a finetune of one's own.

        Args:
            prompt: What the masked part shall show. Server default "".
            finetune_id: Id of the finetune to use.
            image: Picture to work on.
            user: Opaque identifier of your end user. 1 to 256 characters.
            finetune_strength: How strongly the finetune acts. 0 to 2; server default 1.1.
            mask: Picture that marks the part of image to repaint.
            steps: Number of denoising steps; more of them take longer. 15 to 50; server default 50.
            prompt_upsampling: Whether the service may rewrite and enrich the prompt. Server default false.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            guidance: How closely the picture keeps to the prompt. 1.5 to 100; server default 60.
            output_format: File format of the picture. Server default "jpeg".
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 6; server default 2.
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-pro-1.0-fill-finetuned",
            _present(
                {
                    "prompt": prompt,
                    "finetune_id": finetune_id,
                    "image": image,
                    "user": user,
                    "finetune_strength": finetune_strength,
                    "mask": mask,
                    "steps": steps,
                    "prompt_upsampling": prompt_upsampling,
                    "seed": seed,
                    "guidance": guidance,
                    "output_format": output_format,
                    "safety_tolerance": safety_tolerance,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_pro_1_1_ultra_finetuned(
        self,
        prompt: str | None = None,
        *,
        finetune_id: str,
        finetune_strength: float | None = None,
        seed: int | None = None,
        aspect_ratio: str | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        image_prompt: Media | None = None,
        image_prompt_strength: float | None = None,
        prompt_upsampling: bool | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX1.1 [pro] ultra with a finetune.

        Makes a large picture from a text in ultra mode, with a finetune of one's own.

        Args:
            prompt: What the picture shall show. Server default "".
            finetune_id: Id of the finetune to use.
            finetune_strength: How strongly the finetune acts. 0 to 2; server default 1.2.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            aspect_ratio: Width to height of the picture, written like 16:9. 9:21 to 21:9; server default
                "16:9".
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 6; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            image_prompt: Picture that guides the generation beside the prompt.
            image_prompt_strength: Weight of image_prompt against the prompt. 0 to 1; server default 0.1.
            prompt_upsampling: Whether the service may rewrite and enrich the prompt. Server default false.
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-pro-1.1-ultra-finetuned",
            _present(
                {
                    "prompt": prompt,
                    "finetune_id": finetune_id,
                    "finetune_strength": finetune_strength,
                    "seed": seed,
                    "aspect_ratio": aspect_ratio,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "image_prompt": image_prompt,
                    "image_prompt_strength": image_prompt_strength,
                    "prompt_upsampling": prompt_upsampling,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_3_video_t2v(
        self,
        prompt: str,
        *,
        user: str | None = None,
        aspect_ratio: Literal["21:9", "2:1", "16:9", "4:3", "1:1", "3:4", "9:16", "9:21", "auto"] | None = None,
        duration: int | Literal["auto"] | None = None,
        resolution: Literal["hd", "fhd", "qhd", "uhd"] | None = None,
        version: Literal["latest"] | None = None,
        generate_audio: bool | None = None,
        safety_tolerance: int | None = None,
        draft: bool | None = None,
    ) -> T:
        """FLUX 3 video.

        Makes a clip from a text (t2v), from pictures (i2v) or as the continuation of a clip (v2v), or
        finishes an earlier draft in full quality (draft_enhance).

        mode t2v: Parameters for making a clip from a text. Unknown keys are refused.

        Args:
            prompt: What shall happen in the clip.
            user: Opaque identifier of your end user. 1 to 256 characters.
            aspect_ratio: Width to height of the clip; auto leaves it to the service. Server default "auto".
            duration: Length of the clip in seconds; auto leaves it to the service. 5 to 20; server default
                "auto".
            resolution: Size class of the clip, from hd up to uhd (3840x2176 pixels at 16:9). Server default
                "hd".
            version: Release of the model. Server default "latest".
            generate_audio: Whether the clip gets a sound track. Server default true.
            safety_tolerance: How much moderation lets pass; 0 is the strictest. Sexual content is held to 3
                and hate to 2 at most, whatever is asked. 0 to 4; server default 2.
            draft: Whether to make a cheap draft, to be finished later with mode draft_enhance; only with
                resolution hd. Server default false.
        """
        return self.__send(
            "flux-3-video",
            _present(
                {
                    "mode": "t2v",
                    "prompt": prompt,
                    "user": user,
                    "aspect_ratio": aspect_ratio,
                    "duration": duration,
                    "resolution": resolution,
                    "version": version,
                    "generate_audio": generate_audio,
                    "safety_tolerance": safety_tolerance,
                    "draft": draft,
                }
            ),
        )

    def flux_3_video_i2v(
        self,
        prompt: str,
        *,
        keyframes: Media | tuple[float, Media] | Sequence[Media | tuple[float, Media]],
        user: str | None = None,
        aspect_ratio: Literal["21:9", "2:1", "16:9", "4:3", "1:1", "3:4", "9:16", "9:21", "auto"] | None = None,
        duration: int | Literal["auto"] | None = None,
        resolution: Literal["hd", "fhd", "qhd", "uhd"] | None = None,
        version: Literal["latest"] | None = None,
        generate_audio: bool | None = None,
        safety_tolerance: int | None = None,
        draft: bool | None = None,
    ) -> T:
        """FLUX 3 video.

        Makes a clip from a text (t2v), from pictures (i2v) or as the continuation of a clip (v2v), or
        finishes an earlier draft in full quality (draft_enhance).

        mode i2v: Parameters for making a clip from pictures. Unknown keys are refused.

        Args:
            prompt: What shall happen in the clip between and after the keyframes.
            keyframes: One to ten pictures that the clip passes through: a picture, a list of them, a pair of
                seconds and picture, or a list of such pairs in order of time. Three or more pictures without
                a time need a duration.
            user: Opaque identifier of your end user. 1 to 256 characters.
            aspect_ratio: Width to height of the clip; auto leaves it to the service. Server default "auto".
            duration: Length of the clip in seconds; auto leaves it to the service. Needed with three or more
                keyframes that carry no time. 5 to 20; server default "auto".
            resolution: Size class of the clip, from hd up to uhd (3840x2176 pixels at 16:9). Server default
                "hd".
            version: Release of the model. Server default "latest".
            generate_audio: Whether the clip gets a sound track. Server default true.
            safety_tolerance: How much moderation lets pass; 0 is the strictest. Sexual content is held to 3
                and hate to 2 at most, whatever is asked. 0 to 4; server default 2.
            draft: Whether to make a cheap draft, to be finished later with mode draft_enhance; only with
                resolution hd. Server default false.
        """
        return self.__send(
            "flux-3-video",
            _present(
                {
                    "mode": "i2v",
                    "prompt": prompt,
                    "keyframes": keyframes,
                    "user": user,
                    "aspect_ratio": aspect_ratio,
                    "duration": duration,
                    "resolution": resolution,
                    "version": version,
                    "generate_audio": generate_audio,
                    "safety_tolerance": safety_tolerance,
                    "draft": draft,
                }
            ),
        )

    def flux_3_video_v2v(
        self,
        prompt: str,
        *,
        start_video: Media,
        user: str | None = None,
        aspect_ratio: Literal["21:9", "2:1", "16:9", "4:3", "1:1", "3:4", "9:16", "9:21", "auto"] | None = None,
        duration: int | Literal["auto"] | None = None,
        resolution: Literal["hd", "fhd", "qhd", "uhd"] | None = None,
        version: Literal["latest"] | None = None,
        generate_audio: bool | None = None,
        safety_tolerance: int | None = None,
        draft: bool | None = None,
    ) -> T:
        """FLUX 3 video.

        Makes a clip from a text (t2v), from pictures (i2v) or as the continuation of a clip (v2v), or
        finishes an earlier draft in full quality (draft_enhance).

        mode v2v: Parameters for continuing a clip. Unknown keys are refused.

        Args:
            prompt: How the clip shall go on.
            start_video: Clip to continue.
            user: Opaque identifier of your end user. 1 to 256 characters.
            aspect_ratio: Width to height of the clip; auto leaves it to the service. Server default "auto".
            duration: Length of the clip in seconds; auto leaves it to the service. 5 to 15; server default
                "auto".
            resolution: Size class of the clip, from hd up to uhd (3840x2176 pixels at 16:9). Server default
                "hd".
            version: Release of the model. Server default "latest".
            generate_audio: Whether the clip gets a sound track. Server default true.
            safety_tolerance: How much moderation lets pass; 0 is the strictest. Sexual content is held to 3
                and hate to 2 at most, whatever is asked. 0 to 4; server default 2.
            draft: Whether to make a cheap draft, to be finished later with mode draft_enhance; only with
                resolution hd. Server default false.
        """
        return self.__send(
            "flux-3-video",
            _present(
                {
                    "mode": "v2v",
                    "prompt": prompt,
                    "start_video": start_video,
                    "user": user,
                    "aspect_ratio": aspect_ratio,
                    "duration": duration,
                    "resolution": resolution,
                    "version": version,
                    "generate_audio": generate_audio,
                    "safety_tolerance": safety_tolerance,
                    "draft": draft,
                }
            ),
        )

    def flux_3_video_draft_enhance(
        self,
        *,
        draft_cache: Media,
        user: str | None = None,
        resolution: Literal["hd", "fhd", "qhd", "uhd"] | None = None,
        safety_tolerance: int | None = None,
    ) -> T:
        """FLUX 3 video.

        Makes a clip from a text (t2v), from pictures (i2v) or as the continuation of a clip (v2v), or
        finishes an earlier draft in full quality (draft_enhance).

        mode draft_enhance: Parameters for finishing an earlier draft clip in full quality. Unknown keys are
        refused.

        Args:
            draft_cache: Draft data to finish: the draft_cache of a draft's result.
            user: Opaque identifier of your end user. 1 to 256 characters.
            resolution: Size class of the clip, from hd up to uhd (3840x2176 pixels at 16:9). Server default
                "fhd".
            safety_tolerance: How much moderation lets pass; 0 is the strictest. Sexual content is held to 3
                and hate to 2 at most, whatever is asked. 0 to 4; server default 2.
        """
        return self.__send(
            "flux-3-video",
            _present(
                {
                    "mode": "draft_enhance",
                    "draft_cache": draft_cache,
                    "user": user,
                    "resolution": resolution,
                    "safety_tolerance": safety_tolerance,
                }
            ),
        )

    def flux_3_image(
        self,
        prompt: str,
        *,
        images: Media | Sequence[Media] | None = None,
        aspect_ratio: Literal[
            "21:9",
            "2:1",
            "16:9",
            "3:2",
            "7:5",
            "4:3",
            "5:4",
            "1:1",
            "4:5",
            "3:4",
            "5:7",
            "2:3",
            "9:16",
            "1:2",
            "9:21",
            "auto",
        ]
        | None = None,
        resolution: Literal["768sq", "1k", "1.5k", "2k", "4k"] | None = None,
        safety_tolerance: int | None = None,
        grounding: bool | None = None,
        version: Literal["latest"] | None = None,
    ) -> T:
        """FLUX 3 image.

        Makes or edits a picture with FLUX 3, from a text and up to ten pictures. Regions can be set by
        bounding boxes written into the prompt. The result is always a PNG file.

        Args:
            prompt: What the picture shall show, or what to change in images. May hold bounding boxes as a
                JSON array, each [top, left, bottom, right] from 0 to 1000.
            images: One picture or a list of up to ten to edit or refer to, each from 256x256 pixels to 16
                megapixels.
            aspect_ratio: Width to height of the picture; auto leaves it to the service. Server default
                "auto".
            resolution: Size class of the picture. Server default "1k".
            safety_tolerance: How much moderation lets pass; 0 is the strictest. Sexual content is held to 3
                and hate to 2 at most, whatever is asked. 0 to 7; server default 2.
            grounding: Whether the model may look things up before it draws. Server default true.
            version: Release of the model. Server default "latest".
        """
        return self.__send(
            "flux-3-image",
            _present(
                {
                    "prompt": prompt,
                    "images": images,
                    "aspect_ratio": aspect_ratio,
                    "resolution": resolution,
                    "safety_tolerance": safety_tolerance,
                    "grounding": grounding,
                    "version": version,
                }
            ),
        )

    def flux_tools_video_upscale_v1(
        self,
        prompt: str | None = None,
        *,
        input_video: Media,
        user: str | None = None,
        creativity: Literal[0, 1] | None = None,
        upscale_factor: float | None = None,
        safety_tolerance: int | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """Video upscaling.

        Enlarges a clip of at most 20 seconds, either faithfully or with invented detail.

        Args:
            prompt: What the clip shows. Server default "".
            input_video: Clip to enlarge: at most 20 seconds, 50 MB and 2560x1440 pixels.
            user: Opaque identifier of your end user. 1 to 256 characters.
            creativity: 0 keeps closely to the clip, 1 lets the model invent detail. Server default 1.
            upscale_factor: Factor by which the clip is enlarged. 1.5 to 3; server default 2.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 4; server default 2.
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-tools/video-upscale-v1",
            _present(
                {
                    "prompt": prompt,
                    "input_video": input_video,
                    "user": user,
                    "creativity": creativity,
                    "upscale_factor": upscale_factor,
                    "safety_tolerance": safety_tolerance,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_tools_video_edit_v1(
        self, prompt: str, *, video: Media, user: str | None = None, safety_tolerance: int | None = None
    ) -> T:
        """Video editing.

        Changes a clip of at most 15 seconds as a text says; the result has at most 720p.

        Args:
            prompt: What to change in the clip. 1 to 4096 characters.
            video: MP4 clip to change: at most 15 seconds and 50 MiB, no side under 160 pixels, no fewer than
                17 frames.
            user: Opaque identifier of your end user. 1 to 256 characters.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 4; server default 2.
        """
        return self.__send(
            "flux-tools/video-edit-v1",
            _present(
                {
                    "prompt": prompt,
                    "video": video,
                    "user": user,
                    "safety_tolerance": safety_tolerance,
                }
            ),
        )

    def flux_tools_outpainting_v1(
        self,
        prompt: str | None = None,
        *,
        input_image: Media,
        width: int,
        height: int,
        user: str | None = None,
        auto_crop: bool | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        reference_offset_x: int | None = None,
        reference_offset_y: int | None = None,
        mode: Literal["high", "fast"] | None = None,
        disable_pup: bool | None = None,
    ) -> T:
        """Outpainting.

        Places a picture on a larger canvas and paints the rest of it.

        Args:
            prompt: What the new part of the canvas shall show.
            input_image: Picture to place on the canvas; with mode fast it must be base64, not a URL.
            width: Width of the canvas in pixels; the canvas may have 4,194,304 pixels in all and a side ratio
                of 8 to 1. At least 64.
            height: Height of the canvas in pixels; the limits on its area and ratio stand at width. At least
                64.
            user: Opaque identifier of your end user. 1 to 256 characters.
            auto_crop: Whether the service may crop the input picture by itself. Server default false.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "png".
            reference_offset_x: Horizontal place of the input picture on the canvas, in pixels.
            reference_offset_y: Vertical place of the input picture on the canvas, in pixels.
            mode: Quality or speed. Server default "high".
            disable_pup: Whether to keep the service from rewriting the prompt (prompt upsampling). Server
                default false.
        """
        return self.__send(
            "flux-tools/outpainting-v1",
            _present(
                {
                    "prompt": prompt,
                    "input_image": input_image,
                    "width": width,
                    "height": height,
                    "user": user,
                    "auto_crop": auto_crop,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "reference_offset_x": reference_offset_x,
                    "reference_offset_y": reference_offset_y,
                    "mode": mode,
                    "disable_pup": disable_pup,
                }
            ),
        )

    def flux_tools_vto_v1(
        self,
        prompt: str,
        *,
        person: Media,
        garment: Media,
        user: str | None = None,
        seed: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """Virtual try-on, first version.

        Dresses the person of one picture in the garment of another. The second version supersedes this one.

        Args:
            prompt: How the person shall wear the garment.
            person: Picture of the person; shrunk to about one megapixel if it has more than four.
            garment: Picture of the garment; shrunk to about one megapixel if it has more than four.
            user: Opaque identifier of your end user. 1 to 256 characters.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-tools/vto-v1",
            _present(
                {
                    "prompt": prompt,
                    "person": person,
                    "garment": garment,
                    "user": user,
                    "seed": seed,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_tools_vto_v2(
        self,
        prompt: str,
        *,
        person: Media,
        garment: Media,
        user: str | None = None,
        seed: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """Virtual try-on.

        Dresses the person of one picture in the garment of another.

        Args:
            prompt: How the person shall wear the garment.
            person: Picture of the person; shrunk to about one megapixel if it has more than four.
            garment: Picture of the garment; shrunk to about one megapixel if it has more than four.
            user: Opaque identifier of your end user. 1 to 256 characters.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-tools/vto-v2",
            _present(
                {
                    "prompt": prompt,
                    "person": person,
                    "garment": garment,
                    "user": user,
                    "seed": seed,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_tools_erase_v1(
        self,
        *,
        image: Media,
        mask: Media,
        user: str | None = None,
        dilate_pixels: int | None = None,
        seed: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """Object removal.

        Takes the masked object out of a picture and paints what was behind it.

        Args:
            image: Picture to take the object out of.
            mask: Picture that marks the object to take out, of the same size as image.
            user: Opaque identifier of your end user. 1 to 256 characters.
            dilate_pixels: Pixels by which the mask is widened before the removal. 0 to 25; server default 10.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "png".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-tools/erase-v1",
            _present(
                {
                    "image": image,
                    "mask": mask,
                    "user": user,
                    "dilate_pixels": dilate_pixels,
                    "seed": seed,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_tools_deblur_v1(
        self,
        *,
        image: Media,
        user: str | None = None,
        seed: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """Deblurring.

        Sharpens a blurred picture of at most four megapixels.

        Args:
            image: Picture to sharpen, of at most four megapixels.
            user: Opaque identifier of your end user. 1 to 256 characters.
            seed: Start value of the random generator; the same value gives nearly, not exactly, the same
                picture again.
            safety_tolerance: How much moderation lets pass, in the input and in the output; 0 is the
                strictest. 0 to 5; server default 2.
            output_format: File format of the picture. Server default "png".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that comes back with the webhook call, so that the receiver can tell it
                from a forged one.
        """
        return self.__send(
            "flux-tools/deblur-v1",
            _present(
                {
                    "image": image,
                    "user": user,
                    "seed": seed,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_klein_4b_finetuned(
        self,
        prompt: str,
        *,
        finetune_id: str,
        user: str | None = None,
        finetune_strength: float | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [klein] 4B with a LoRA.

        Generate or edit a picture with FLUX.2 [klein] 4B and your own finetune, which you manage in the
        dashboard.

        Not in the published specification: this endpoint may change or disappear without notice.

        Args:
            prompt: What the picture should show, or what to change in the input pictures.
            finetune_id: Name of the finetune, or organisation id of its owner, a slash, and its name. It must
                have been trained for this base model and precision.
            user: Opaque identifier of your end user. 1 to 256 characters.
            finetune_strength: Strength of the finetune. Server default 1.0.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            seed: Seed of the random generator. The same seed gives nearly, but not exactly, the same picture.
            width: Width of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            safety_tolerance: Tolerance of the moderation of input and output; 0 is the strictest. 0 to 5;
                server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that the service sends with the webhook call, so that the receiver can
                recognize forged calls.
        """
        return self.__send(
            "flux-2-klein-4b-finetuned",
            _present(
                {
                    "prompt": prompt,
                    "finetune_id": finetune_id,
                    "user": user,
                    "finetune_strength": finetune_strength,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_klein_9b_finetuned(
        self,
        prompt: str,
        *,
        finetune_id: str,
        user: str | None = None,
        finetune_strength: float | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [klein] 9B with a LoRA.

        Generate or edit a picture with FLUX.2 [klein] 9B and your own finetune, which you manage in the
        dashboard.

        Not in the published specification: this endpoint may change or disappear without notice.

        Args:
            prompt: What the picture should show, or what to change in the input pictures.
            finetune_id: Name of the finetune, or organisation id of its owner, a slash, and its name. It must
                have been trained for this base model and precision.
            user: Opaque identifier of your end user. 1 to 256 characters.
            finetune_strength: Strength of the finetune. Server default 1.0.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            seed: Seed of the random generator. The same seed gives nearly, but not exactly, the same picture.
            width: Width of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            safety_tolerance: Tolerance of the moderation of input and output; 0 is the strictest. 0 to 5;
                server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that the service sends with the webhook call, so that the receiver can
                recognize forged calls.
        """
        return self.__send(
            "flux-2-klein-9b-finetuned",
            _present(
                {
                    "prompt": prompt,
                    "finetune_id": finetune_id,
                    "user": user,
                    "finetune_strength": finetune_strength,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_klein_9b_kv_finetuned(
        self,
        prompt: str,
        *,
        finetune_id: str,
        user: str | None = None,
        finetune_strength: float | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [klein] 9B KV with a LoRA.

        Generate or edit a picture with the KV variant of FLUX.2 [klein] 9B and your own finetune, which you
        manage in the dashboard.

        Not in the published specification: this endpoint may change or disappear without notice.

        Args:
            prompt: What the picture should show, or what to change in the input pictures.
            finetune_id: Name of the finetune, or organisation id of its owner, a slash, and its name. It must
                have been trained for this base model and precision.
            user: Opaque identifier of your end user. 1 to 256 characters.
            finetune_strength: Strength of the finetune. Server default 1.0.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            seed: Seed of the random generator. The same seed gives nearly, but not exactly, the same picture.
            width: Width of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            safety_tolerance: Tolerance of the moderation of input and output; 0 is the strictest. 0 to 5;
                server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that the service sends with the webhook call, so that the receiver can
                recognize forged calls.
        """
        return self.__send(
            "flux-2-klein-9b-kv-finetuned",
            _present(
                {
                    "prompt": prompt,
                    "finetune_id": finetune_id,
                    "user": user,
                    "finetune_strength": finetune_strength,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_klein_9b_kv_bf16_finetuned(
        self,
        prompt: str,
        *,
        finetune_id: str,
        user: str | None = None,
        finetune_strength: float | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [klein] 9B KV in bf16 with a LoRA.

        Generate or edit a picture with the KV variant of FLUX.2 [klein] 9B in bf16 precision and your own
        finetune, which you manage in the dashboard.

        Not in the published specification: this endpoint may change or disappear without notice.

        Args:
            prompt: What the picture should show, or what to change in the input pictures.
            finetune_id: Name of the finetune, or organisation id of its owner, a slash, and its name. It must
                have been trained for this base model and precision.
            user: Opaque identifier of your end user. 1 to 256 characters.
            finetune_strength: Strength of the finetune. Server default 1.0.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            seed: Seed of the random generator. The same seed gives nearly, but not exactly, the same picture.
            width: Width of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            safety_tolerance: Tolerance of the moderation of input and output; 0 is the strictest. 0 to 5;
                server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that the service sends with the webhook call, so that the receiver can
                recognize forged calls.
        """
        return self.__send(
            "flux-2-klein-9b-kv-bf16-finetuned",
            _present(
                {
                    "prompt": prompt,
                    "finetune_id": finetune_id,
                    "user": user,
                    "finetune_strength": finetune_strength,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_klein_base_4b_finetuned(
        self,
        prompt: str,
        *,
        finetune_id: str,
        user: str | None = None,
        finetune_strength: float | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [klein] base 4B with a LoRA.

        Generate or edit a picture with the base model of FLUX.2 [klein] 4B and your own finetune, which you
        manage in the dashboard.

        Not in the published specification: this endpoint may change or disappear without notice.

        Args:
            prompt: What the picture should show, or what to change in the input pictures.
            finetune_id: Name of the finetune, or organisation id of its owner, a slash, and its name. It must
                have been trained for this base model and precision.
            user: Opaque identifier of your end user. 1 to 256 characters.
            finetune_strength: Strength of the finetune. Server default 1.0.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            seed: Seed of the random generator. The same seed gives nearly, but not exactly, the same picture.
            width: Width of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            safety_tolerance: Tolerance of the moderation of input and output; 0 is the strictest. 0 to 5;
                server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that the service sends with the webhook call, so that the receiver can
                recognize forged calls.
        """
        return self.__send(
            "flux-2-klein-base-4b-finetuned",
            _present(
                {
                    "prompt": prompt,
                    "finetune_id": finetune_id,
                    "user": user,
                    "finetune_strength": finetune_strength,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_2_klein_base_9b_finetuned(
        self,
        prompt: str,
        *,
        finetune_id: str,
        user: str | None = None,
        finetune_strength: float | None = None,
        input_image: Media | None = None,
        input_image_2: Media | None = None,
        input_image_3: Media | None = None,
        input_image_4: Media | None = None,
        seed: int | None = None,
        width: int | None = None,
        height: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png", "webp"] | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> T:
        """FLUX.2 [klein] base 9B with a LoRA.

        Generate or edit a picture with the base model of FLUX.2 [klein] 9B and your own finetune, which you
        manage in the dashboard.

        Not in the published specification: this endpoint may change or disappear without notice.

        Args:
            prompt: What the picture should show, or what to change in the input pictures.
            finetune_id: Name of the finetune, or organisation id of its owner, a slash, and its name. It must
                have been trained for this base model and precision.
            user: Opaque identifier of your end user. 1 to 256 characters.
            finetune_strength: Strength of the finetune. Server default 1.0.
            input_image: Picture to edit or to refer to in the prompt, of at least 64x64 pixels.
            input_image_2: Second picture to refer to in the prompt.
            input_image_3: Third picture to refer to in the prompt.
            input_image_4: Fourth picture to refer to in the prompt.
            seed: Seed of the random generator. The same seed gives nearly, but not exactly, the same picture.
            width: Width of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            height: Height of the picture in pixels; the result's sides are multiples of 16. Default: that of
                the input picture, or 1024 without one. At least 64.
            safety_tolerance: Tolerance of the moderation of input and output; 0 is the strictest. 0 to 5;
                server default 2.
            output_format: File format of the picture. Server default "jpeg".
            webhook_url: URL that the service calls with the result. 1 to 2083 characters.
            webhook_secret: Secret that the service sends with the webhook call, so that the receiver can
                recognize forged calls.
        """
        return self.__send(
            "flux-2-klein-base-9b-finetuned",
            _present(
                {
                    "prompt": prompt,
                    "finetune_id": finetune_id,
                    "user": user,
                    "finetune_strength": finetune_strength,
                    "input_image": input_image,
                    "input_image_2": input_image_2,
                    "input_image_3": input_image_3,
                    "input_image_4": input_image_4,
                    "seed": seed,
                    "width": width,
                    "height": height,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                    "webhook_url": webhook_url,
                    "webhook_secret": webhook_secret,
                }
            ),
        )

    def flux_3_image_klein(
        self,
        prompt: str,
        *,
        images: Media | Sequence[Media] | None = None,
        resolution: Literal["768sq", "1k", "1.5k", "2k", "4k"] | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        steps: int | None = None,
        safety_tolerance: int | None = None,
        output_format: Literal["jpeg", "png"] | None = None,
    ) -> T:
        """FLUX 3 Image Klein.

        Makes or edits a picture with FLUX 3 Image Klein. Its schema is not published: parameters are known
        from other clients, and some are guesses.

        Not in the published specification: this endpoint may change or disappear without notice.

        Args:
            prompt: What the picture should show, or what to change in images.
            images: One picture, or a list of up to ten, to edit or refer to. That the parameter has this name
                is a guess.
            resolution: Size class of the picture. The default is a guess. Server default "1k".
            width: Width of the picture in pixels. The name is a guess; bounds and what it does beside
                resolution are not known.
            height: Height of the picture in pixels. The name is a guess; bounds and what it does beside
                resolution are not known.
            seed: Seed of the random generator. The bounds are from one other client. 0 to 4294967295.
            steps: Number of steps. The bounds are from one other client. 1 to 16.
            safety_tolerance: Tolerance of the moderation; 0 is the strictest. The default is a guess; the
                service decides on values above 4. 0 to 7; server default 2.
            output_format: File format of the picture. The two values are from one other client; the default
                is not known.
        """
        return self.__send(
            "flux-3-image-klein",
            _present(
                {
                    "prompt": prompt,
                    "images": images,
                    "resolution": resolution,
                    "width": width,
                    "height": height,
                    "seed": seed,
                    "steps": steps,
                    "safety_tolerance": safety_tolerance,
                    "output_format": output_format,
                }
            ),
        )


class Generate(Protocol[T_co]):
    """What the methods of `Waiting` call to send a body to an endpoint and to wait for the result."""

    def __call__(
        self,
        endpoint: str,
        body: Mapping[str, Any],
        *,
        validate: bool = True,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        on_update: Callable[[Any], object] | None = None,
    ) -> T_co:
        """Send as `Send` does, then wait `timeout` seconds at most, and call `on_update` for each poll."""
        ...


class Waiting(Endpoints[T]):
    """`Endpoints` that wait for the result: the call by name also takes `timeout` and `on_update`."""

    __slots__ = ("__generate",)

    def __init__(self, generate: Generate[T]) -> None:
        """Build on `generate`; what it returns is what the methods return."""
        super().__init__(generate)
        self.__generate = generate

    def __call__(
        self,
        endpoint: EndpointName | str,
        body: Mapping[str, Any] | SupportsToDict | None = None,
        /,
        *,
        validate: bool = True,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        on_update: Callable[[Any], object] | None = None,
        **parameters: Any,
    ) -> T:
        """Send to an endpoint by its name, which may be one that this version does not know, and wait for the result.

        Args:
            endpoint: The path after the version.
            body: A mapping or a generated model. A null in a mapping is sent as it stands.
            validate: Whether the request is checked against the specification before it is sent.
            extra: Keys that the specification does not know; they are sent unchecked.
            timeout: Seconds to wait for the result; None means the default of the endpoint's kind.
            on_update: Called with the update of every poll.
            parameters: More keys of the body; they replace those of `body`, and None is not sent. A key called `validate`
                or `extra` has to be in `body`. If the endpoint itself has a parameter called `timeout` or `on_update`,
                that is what is meant: use `submit`, then `wait`.
        """
        given = _merged(body, parameters)
        return self.__generate(endpoint, given, validate=validate, extra=extra, timeout=timeout, on_update=on_update)


def _present(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def _merged(body: Mapping[str, Any] | SupportsToDict | None, parameters: Mapping[str, Any]) -> Any:
    given: Any = {} if body is None else body
    if not isinstance(given, Mapping | type) and callable(getattr(given, "to_dict", None)):
        given = given.to_dict()
    # what is neither a mapping nor a model is left to the sender, which refuses it
    return {**given, **_present(parameters)} if isinstance(given, Mapping) else given
