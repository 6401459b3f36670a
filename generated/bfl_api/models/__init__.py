# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

"""All models of requests and answers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .async_response import AsyncResponse
    from .async_webhook_response import AsyncWebhookResponse
    from .credits_response import CreditsResponse
    from .delete_finetune_inputs import DeleteFinetuneInputs
    from .delete_finetune_response import DeleteFinetuneResponse
    from .finetune_detail_response import FinetuneDetailResponse
    from .finetune_detail_response_finetune_details import FinetuneDetailResponseFinetuneDetails
    from .finetune_flux_pro_fill_inputs import FinetuneFluxProFillInputs
    from .finetune_flux_ultra_input import FinetuneFluxUltraInput
    from .flux_2_deblur_inputs import Flux2DeblurInputs
    from .flux_2_erase_inputs import Flux2EraseInputs
    from .flux_2_flex_inputs import Flux2FlexInputs
    from .flux_2_inputs import Flux2Inputs
    from .flux_2_klein_finetuned_inputs import Flux2KleinFinetunedInputs
    from .flux_2_klein_inputs import Flux2KleinInputs
    from .flux_2_klein_tryon_inputs import Flux2KleinTryonInputs
    from .flux_3_image_inputs import Flux3ImageInputs
    from .flux_3_image_inputs_aspect_ratio import Flux3ImageInputsAspectRatio
    from .flux_3_image_inputs_resolution import Flux3ImageInputsResolution
    from .flux_3_image_klein_inputs import Flux3ImageKleinInputs
    from .flux_3_image_klein_inputs_output_format import Flux3ImageKleinInputsOutputFormat
    from .flux_3_image_klein_inputs_resolution import Flux3ImageKleinInputsResolution
    from .flux_3_video_draft_enhance_inputs import Flux3VideoDraftEnhanceInputs
    from .flux_3_video_draft_enhance_inputs_mode import Flux3VideoDraftEnhanceInputsMode
    from .flux_3_video_draft_enhance_inputs_resolution import Flux3VideoDraftEnhanceInputsResolution
    from .flux_3_video_i2v_inputs import Flux3VideoI2VInputs
    from .flux_3_video_i2v_inputs_aspect_ratio import Flux3VideoI2VInputsAspectRatio
    from .flux_3_video_i2v_inputs_duration import Flux3VideoI2VInputsDuration
    from .flux_3_video_i2v_inputs_mode import Flux3VideoI2VInputsMode
    from .flux_3_video_i2v_inputs_resolution import Flux3VideoI2VInputsResolution
    from .flux_3_video_t2v_inputs import Flux3VideoT2VInputs
    from .flux_3_video_t2v_inputs_aspect_ratio import Flux3VideoT2VInputsAspectRatio
    from .flux_3_video_t2v_inputs_duration import Flux3VideoT2VInputsDuration
    from .flux_3_video_t2v_inputs_mode import Flux3VideoT2VInputsMode
    from .flux_3_video_t2v_inputs_resolution import Flux3VideoT2VInputsResolution
    from .flux_3_video_upscale_inputs import Flux3VideoUpscaleInputs
    from .flux_3_video_upscale_inputs_creativity import Flux3VideoUpscaleInputsCreativity
    from .flux_3_video_v2v_inputs import Flux3VideoV2VInputs
    from .flux_3_video_v2v_inputs_aspect_ratio import Flux3VideoV2VInputsAspectRatio
    from .flux_3_video_v2v_inputs_duration import Flux3VideoV2VInputsDuration
    from .flux_3_video_v2v_inputs_mode import Flux3VideoV2VInputsMode
    from .flux_3_video_v2v_inputs_resolution import Flux3VideoV2VInputsResolution
    from .flux_3_video_ve2v_named_inputs import Flux3VideoVE2VNamedInputs
    from .flux_dev_inputs import FluxDevInputs
    from .flux_kontext_pro_inputs import FluxKontextProInputs
    from .flux_outpainting_inputs import FluxOutpaintingInputs
    from .flux_outpainting_inputs_mode import FluxOutpaintingInputsMode
    from .flux_pro_11_inputs import FluxPro11Inputs
    from .flux_pro_expand_inputs import FluxProExpandInputs
    from .flux_pro_fill_inputs import FluxProFillInputs
    from .flux_ultra_input import FluxUltraInput
    from .my_finetunes_response import MyFinetunesResponse
    from .output_format import OutputFormat
    from .result_response import ResultResponse
    from .result_response_details import ResultResponseDetails
    from .result_response_preview import ResultResponsePreview
    from .settled_cost_result_response import SettledCostResultResponse
    from .settled_cost_result_response_details import SettledCostResultResponseDetails
    from .settled_cost_result_response_preview import SettledCostResultResponsePreview
    from .status_response import StatusResponse
    from .task_result import TaskResult

__all__ = [
    "AsyncResponse",
    "AsyncWebhookResponse",
    "CreditsResponse",
    "DeleteFinetuneInputs",
    "DeleteFinetuneResponse",
    "FinetuneDetailResponse",
    "FinetuneDetailResponseFinetuneDetails",
    "FinetuneFluxProFillInputs",
    "FinetuneFluxUltraInput",
    "Flux2DeblurInputs",
    "Flux2EraseInputs",
    "Flux2FlexInputs",
    "Flux2Inputs",
    "Flux2KleinFinetunedInputs",
    "Flux2KleinInputs",
    "Flux2KleinTryonInputs",
    "Flux3ImageInputs",
    "Flux3ImageInputsAspectRatio",
    "Flux3ImageInputsResolution",
    "Flux3ImageKleinInputs",
    "Flux3ImageKleinInputsOutputFormat",
    "Flux3ImageKleinInputsResolution",
    "Flux3VideoDraftEnhanceInputs",
    "Flux3VideoDraftEnhanceInputsMode",
    "Flux3VideoDraftEnhanceInputsResolution",
    "Flux3VideoI2VInputs",
    "Flux3VideoI2VInputsAspectRatio",
    "Flux3VideoI2VInputsDuration",
    "Flux3VideoI2VInputsMode",
    "Flux3VideoI2VInputsResolution",
    "Flux3VideoT2VInputs",
    "Flux3VideoT2VInputsAspectRatio",
    "Flux3VideoT2VInputsDuration",
    "Flux3VideoT2VInputsMode",
    "Flux3VideoT2VInputsResolution",
    "Flux3VideoUpscaleInputs",
    "Flux3VideoUpscaleInputsCreativity",
    "Flux3VideoV2VInputs",
    "Flux3VideoV2VInputsAspectRatio",
    "Flux3VideoV2VInputsDuration",
    "Flux3VideoV2VInputsMode",
    "Flux3VideoV2VInputsResolution",
    "Flux3VideoVE2VNamedInputs",
    "FluxDevInputs",
    "FluxKontextProInputs",
    "FluxOutpaintingInputs",
    "FluxOutpaintingInputsMode",
    "FluxPro11Inputs",
    "FluxProExpandInputs",
    "FluxProFillInputs",
    "FluxUltraInput",
    "MyFinetunesResponse",
    "OutputFormat",
    "ResultResponse",
    "ResultResponseDetails",
    "ResultResponsePreview",
    "SettledCostResultResponse",
    "SettledCostResultResponseDetails",
    "SettledCostResultResponsePreview",
    "StatusResponse",
    "TaskResult",
]

if not TYPE_CHECKING:
    from importlib import import_module

    _EXPORTS = {
        "AsyncResponse": ("async_response", "AsyncResponse"),
        "AsyncWebhookResponse": ("async_webhook_response", "AsyncWebhookResponse"),
        "CreditsResponse": ("credits_response", "CreditsResponse"),
        "DeleteFinetuneInputs": ("delete_finetune_inputs", "DeleteFinetuneInputs"),
        "DeleteFinetuneResponse": ("delete_finetune_response", "DeleteFinetuneResponse"),
        "FinetuneDetailResponse": ("finetune_detail_response", "FinetuneDetailResponse"),
        "FinetuneDetailResponseFinetuneDetails": (
            "finetune_detail_response_finetune_details",
            "FinetuneDetailResponseFinetuneDetails",
        ),
        "FinetuneFluxProFillInputs": ("finetune_flux_pro_fill_inputs", "FinetuneFluxProFillInputs"),
        "FinetuneFluxUltraInput": ("finetune_flux_ultra_input", "FinetuneFluxUltraInput"),
        "Flux2DeblurInputs": ("flux_2_deblur_inputs", "Flux2DeblurInputs"),
        "Flux2EraseInputs": ("flux_2_erase_inputs", "Flux2EraseInputs"),
        "Flux2FlexInputs": ("flux_2_flex_inputs", "Flux2FlexInputs"),
        "Flux2Inputs": ("flux_2_inputs", "Flux2Inputs"),
        "Flux2KleinFinetunedInputs": ("flux_2_klein_finetuned_inputs", "Flux2KleinFinetunedInputs"),
        "Flux2KleinInputs": ("flux_2_klein_inputs", "Flux2KleinInputs"),
        "Flux2KleinTryonInputs": ("flux_2_klein_tryon_inputs", "Flux2KleinTryonInputs"),
        "Flux3ImageInputs": ("flux_3_image_inputs", "Flux3ImageInputs"),
        "Flux3ImageInputsAspectRatio": ("flux_3_image_inputs_aspect_ratio", "Flux3ImageInputsAspectRatio"),
        "Flux3ImageInputsResolution": ("flux_3_image_inputs_resolution", "Flux3ImageInputsResolution"),
        "Flux3ImageKleinInputs": ("flux_3_image_klein_inputs", "Flux3ImageKleinInputs"),
        "Flux3ImageKleinInputsOutputFormat": (
            "flux_3_image_klein_inputs_output_format",
            "Flux3ImageKleinInputsOutputFormat",
        ),
        "Flux3ImageKleinInputsResolution": ("flux_3_image_klein_inputs_resolution", "Flux3ImageKleinInputsResolution"),
        "Flux3VideoDraftEnhanceInputs": ("flux_3_video_draft_enhance_inputs", "Flux3VideoDraftEnhanceInputs"),
        "Flux3VideoDraftEnhanceInputsMode": (
            "flux_3_video_draft_enhance_inputs_mode",
            "Flux3VideoDraftEnhanceInputsMode",
        ),
        "Flux3VideoDraftEnhanceInputsResolution": (
            "flux_3_video_draft_enhance_inputs_resolution",
            "Flux3VideoDraftEnhanceInputsResolution",
        ),
        "Flux3VideoI2VInputs": ("flux_3_video_i2v_inputs", "Flux3VideoI2VInputs"),
        "Flux3VideoI2VInputsAspectRatio": ("flux_3_video_i2v_inputs_aspect_ratio", "Flux3VideoI2VInputsAspectRatio"),
        "Flux3VideoI2VInputsDuration": ("flux_3_video_i2v_inputs_duration", "Flux3VideoI2VInputsDuration"),
        "Flux3VideoI2VInputsMode": ("flux_3_video_i2v_inputs_mode", "Flux3VideoI2VInputsMode"),
        "Flux3VideoI2VInputsResolution": ("flux_3_video_i2v_inputs_resolution", "Flux3VideoI2VInputsResolution"),
        "Flux3VideoT2VInputs": ("flux_3_video_t2v_inputs", "Flux3VideoT2VInputs"),
        "Flux3VideoT2VInputsAspectRatio": ("flux_3_video_t2v_inputs_aspect_ratio", "Flux3VideoT2VInputsAspectRatio"),
        "Flux3VideoT2VInputsDuration": ("flux_3_video_t2v_inputs_duration", "Flux3VideoT2VInputsDuration"),
        "Flux3VideoT2VInputsMode": ("flux_3_video_t2v_inputs_mode", "Flux3VideoT2VInputsMode"),
        "Flux3VideoT2VInputsResolution": ("flux_3_video_t2v_inputs_resolution", "Flux3VideoT2VInputsResolution"),
        "Flux3VideoUpscaleInputs": ("flux_3_video_upscale_inputs", "Flux3VideoUpscaleInputs"),
        "Flux3VideoUpscaleInputsCreativity": (
            "flux_3_video_upscale_inputs_creativity",
            "Flux3VideoUpscaleInputsCreativity",
        ),
        "Flux3VideoV2VInputs": ("flux_3_video_v2v_inputs", "Flux3VideoV2VInputs"),
        "Flux3VideoV2VInputsAspectRatio": ("flux_3_video_v2v_inputs_aspect_ratio", "Flux3VideoV2VInputsAspectRatio"),
        "Flux3VideoV2VInputsDuration": ("flux_3_video_v2v_inputs_duration", "Flux3VideoV2VInputsDuration"),
        "Flux3VideoV2VInputsMode": ("flux_3_video_v2v_inputs_mode", "Flux3VideoV2VInputsMode"),
        "Flux3VideoV2VInputsResolution": ("flux_3_video_v2v_inputs_resolution", "Flux3VideoV2VInputsResolution"),
        "Flux3VideoVE2VNamedInputs": ("flux_3_video_ve2v_named_inputs", "Flux3VideoVE2VNamedInputs"),
        "FluxDevInputs": ("flux_dev_inputs", "FluxDevInputs"),
        "FluxKontextProInputs": ("flux_kontext_pro_inputs", "FluxKontextProInputs"),
        "FluxOutpaintingInputs": ("flux_outpainting_inputs", "FluxOutpaintingInputs"),
        "FluxOutpaintingInputsMode": ("flux_outpainting_inputs_mode", "FluxOutpaintingInputsMode"),
        "FluxPro11Inputs": ("flux_pro_11_inputs", "FluxPro11Inputs"),
        "FluxProExpandInputs": ("flux_pro_expand_inputs", "FluxProExpandInputs"),
        "FluxProFillInputs": ("flux_pro_fill_inputs", "FluxProFillInputs"),
        "FluxUltraInput": ("flux_ultra_input", "FluxUltraInput"),
        "MyFinetunesResponse": ("my_finetunes_response", "MyFinetunesResponse"),
        "OutputFormat": ("output_format", "OutputFormat"),
        "ResultResponse": ("result_response", "ResultResponse"),
        "ResultResponseDetails": ("result_response_details", "ResultResponseDetails"),
        "ResultResponsePreview": ("result_response_preview", "ResultResponsePreview"),
        "SettledCostResultResponse": ("settled_cost_result_response", "SettledCostResultResponse"),
        "SettledCostResultResponseDetails": (
            "settled_cost_result_response_details",
            "SettledCostResultResponseDetails",
        ),
        "SettledCostResultResponsePreview": (
            "settled_cost_result_response_preview",
            "SettledCostResultResponsePreview",
        ),
        "StatusResponse": ("status_response", "StatusResponse"),
        "TaskResult": ("task_result", "TaskResult"),
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
