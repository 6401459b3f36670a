# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

"""One module per operation."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        flux_2_flex,
        flux_2_klein_4b,
        flux_2_klein_4b_finetuned,
        flux_2_klein_9b,
        flux_2_klein_9b_finetuned,
        flux_2_klein_9b_kv_bf16_finetuned,
        flux_2_klein_9b_kv_finetuned,
        flux_2_klein_9b_preview,
        flux_2_klein_base_4b_finetuned,
        flux_2_klein_base_9b_finetuned,
        flux_2_max,
        flux_2_pro,
        flux_2_pro_preview,
        flux_3_image,
        flux_3_image_klein,
        flux_3_video,
        flux_dev,
        flux_kontext_max,
        flux_kontext_pro,
        flux_pro_1_0_expand,
        flux_pro_1_0_fill,
        flux_pro_1_0_fill_finetuned,
        flux_pro_1_1,
        flux_pro_1_1_ultra,
        flux_pro_1_1_ultra_finetuned,
        flux_tools_deblur_v1,
        flux_tools_erase_v1,
        flux_tools_outpainting_v1,
        flux_tools_video_edit_v1,
        flux_tools_video_upscale_v1,
        flux_tools_vto_v1,
        flux_tools_vto_v2,
    )

__all__ = [
    "flux_2_flex",
    "flux_2_klein_4b",
    "flux_2_klein_4b_finetuned",
    "flux_2_klein_9b",
    "flux_2_klein_9b_finetuned",
    "flux_2_klein_9b_kv_bf16_finetuned",
    "flux_2_klein_9b_kv_finetuned",
    "flux_2_klein_9b_preview",
    "flux_2_klein_base_4b_finetuned",
    "flux_2_klein_base_9b_finetuned",
    "flux_2_max",
    "flux_2_pro",
    "flux_2_pro_preview",
    "flux_3_image",
    "flux_3_image_klein",
    "flux_3_video",
    "flux_dev",
    "flux_kontext_max",
    "flux_kontext_pro",
    "flux_pro_1_0_expand",
    "flux_pro_1_0_fill",
    "flux_pro_1_0_fill_finetuned",
    "flux_pro_1_1",
    "flux_pro_1_1_ultra",
    "flux_pro_1_1_ultra_finetuned",
    "flux_tools_deblur_v1",
    "flux_tools_erase_v1",
    "flux_tools_outpainting_v1",
    "flux_tools_video_edit_v1",
    "flux_tools_video_upscale_v1",
    "flux_tools_vto_v1",
    "flux_tools_vto_v2",
]

if not TYPE_CHECKING:
    from importlib import import_module

    _EXPORTS = {
        "flux_2_flex": ("flux_2_flex", ""),
        "flux_2_klein_4b": ("flux_2_klein_4b", ""),
        "flux_2_klein_4b_finetuned": ("flux_2_klein_4b_finetuned", ""),
        "flux_2_klein_9b": ("flux_2_klein_9b", ""),
        "flux_2_klein_9b_finetuned": ("flux_2_klein_9b_finetuned", ""),
        "flux_2_klein_9b_kv_bf16_finetuned": ("flux_2_klein_9b_kv_bf16_finetuned", ""),
        "flux_2_klein_9b_kv_finetuned": ("flux_2_klein_9b_kv_finetuned", ""),
        "flux_2_klein_9b_preview": ("flux_2_klein_9b_preview", ""),
        "flux_2_klein_base_4b_finetuned": ("flux_2_klein_base_4b_finetuned", ""),
        "flux_2_klein_base_9b_finetuned": ("flux_2_klein_base_9b_finetuned", ""),
        "flux_2_max": ("flux_2_max", ""),
        "flux_2_pro": ("flux_2_pro", ""),
        "flux_2_pro_preview": ("flux_2_pro_preview", ""),
        "flux_3_image": ("flux_3_image", ""),
        "flux_3_image_klein": ("flux_3_image_klein", ""),
        "flux_3_video": ("flux_3_video", ""),
        "flux_dev": ("flux_dev", ""),
        "flux_kontext_max": ("flux_kontext_max", ""),
        "flux_kontext_pro": ("flux_kontext_pro", ""),
        "flux_pro_1_0_expand": ("flux_pro_1_0_expand", ""),
        "flux_pro_1_0_fill": ("flux_pro_1_0_fill", ""),
        "flux_pro_1_0_fill_finetuned": ("flux_pro_1_0_fill_finetuned", ""),
        "flux_pro_1_1": ("flux_pro_1_1", ""),
        "flux_pro_1_1_ultra": ("flux_pro_1_1_ultra", ""),
        "flux_pro_1_1_ultra_finetuned": ("flux_pro_1_1_ultra_finetuned", ""),
        "flux_tools_deblur_v1": ("flux_tools_deblur_v1", ""),
        "flux_tools_erase_v1": ("flux_tools_erase_v1", ""),
        "flux_tools_outpainting_v1": ("flux_tools_outpainting_v1", ""),
        "flux_tools_video_edit_v1": ("flux_tools_video_edit_v1", ""),
        "flux_tools_video_upscale_v1": ("flux_tools_video_upscale_v1", ""),
        "flux_tools_vto_v1": ("flux_tools_vto_v1", ""),
        "flux_tools_vto_v2": ("flux_tools_vto_v2", ""),
    }

    def __getattr__(name):
        """Import what is asked for, and nothing else."""
        if name not in _EXPORTS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, attribute = _EXPORTS[name]
        found = import_module(f".{module}", __name__)
        globals()[name] = getattr(found, attribute) if attribute else found
        return globals()[name]

    def __dir__():
        return sorted({*globals(), *__all__})
