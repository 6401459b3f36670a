# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.async_response import AsyncResponse
from ...models.async_webhook_response import AsyncWebhookResponse
from ...models.flux_2_klein_finetuned_inputs import Flux2KleinFinetunedInputs
from ...types import Response


def _get_kwargs(
    *,
    body: Flux2KleinFinetunedInputs,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/flux-2-klein-4b-finetuned",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AsyncResponse | AsyncWebhookResponse | None:
    if response.status_code == 200:

        def _parse_response_200(data: object) -> AsyncResponse | AsyncWebhookResponse:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_0 = AsyncResponse.from_dict(data)

                return response_200_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            response_200_type_1 = AsyncWebhookResponse.from_dict(data)

            return response_200_type_1

        response_200 = _parse_response_200(response.json())

        return response_200

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[AsyncResponse | AsyncWebhookResponse]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: Flux2KleinFinetunedInputs,
) -> Response[AsyncResponse | AsyncWebhookResponse]:
    """FLUX.2 [klein] 4B with a LoRA

     Generate or edit a picture with FLUX.2 [klein] 4B and your own finetune, which you manage in the
    dashboard.

    Args:
        body (Flux2KleinFinetunedInputs): Parameters of the FLUX.2 [klein] models with a LoRA
            finetune.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AsyncResponse | AsyncWebhookResponse]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: Flux2KleinFinetunedInputs,
) -> AsyncResponse | AsyncWebhookResponse | None:
    """FLUX.2 [klein] 4B with a LoRA

     Generate or edit a picture with FLUX.2 [klein] 4B and your own finetune, which you manage in the
    dashboard.

    Args:
        body (Flux2KleinFinetunedInputs): Parameters of the FLUX.2 [klein] models with a LoRA
            finetune.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AsyncResponse | AsyncWebhookResponse
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: Flux2KleinFinetunedInputs,
) -> Response[AsyncResponse | AsyncWebhookResponse]:
    """FLUX.2 [klein] 4B with a LoRA

     Generate or edit a picture with FLUX.2 [klein] 4B and your own finetune, which you manage in the
    dashboard.

    Args:
        body (Flux2KleinFinetunedInputs): Parameters of the FLUX.2 [klein] models with a LoRA
            finetune.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AsyncResponse | AsyncWebhookResponse]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: Flux2KleinFinetunedInputs,
) -> AsyncResponse | AsyncWebhookResponse | None:
    """FLUX.2 [klein] 4B with a LoRA

     Generate or edit a picture with FLUX.2 [klein] 4B and your own finetune, which you manage in the
    dashboard.

    Args:
        body (Flux2KleinFinetunedInputs): Parameters of the FLUX.2 [klein] models with a LoRA
            finetune.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AsyncResponse | AsyncWebhookResponse
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
