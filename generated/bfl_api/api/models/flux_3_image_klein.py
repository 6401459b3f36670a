# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.async_response import AsyncResponse
from ...models.flux_3_image_klein_inputs import Flux3ImageKleinInputs
from ...types import Response


def _get_kwargs(
    *,
    body: Flux3ImageKleinInputs,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/flux-3-image-klein",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> AsyncResponse | None:
    if response.status_code == 200:
        response_200 = AsyncResponse.from_dict(response.json())

        return response_200

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[AsyncResponse]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: Flux3ImageKleinInputs,
) -> Response[AsyncResponse]:
    """FLUX 3 Image Klein

     Makes or edits a picture with FLUX 3 Image Klein. Its schema is not published: parameters are known
    from other clients, and some are guesses.

    Args:
        body (Flux3ImageKleinInputs): Parameters of FLUX 3 Image Klein, put together from other
            clients. There may be more; keys that are not listed here are sent.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AsyncResponse]
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
    body: Flux3ImageKleinInputs,
) -> AsyncResponse | None:
    """FLUX 3 Image Klein

     Makes or edits a picture with FLUX 3 Image Klein. Its schema is not published: parameters are known
    from other clients, and some are guesses.

    Args:
        body (Flux3ImageKleinInputs): Parameters of FLUX 3 Image Klein, put together from other
            clients. There may be more; keys that are not listed here are sent.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AsyncResponse
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: Flux3ImageKleinInputs,
) -> Response[AsyncResponse]:
    """FLUX 3 Image Klein

     Makes or edits a picture with FLUX 3 Image Klein. Its schema is not published: parameters are known
    from other clients, and some are guesses.

    Args:
        body (Flux3ImageKleinInputs): Parameters of FLUX 3 Image Klein, put together from other
            clients. There may be more; keys that are not listed here are sent.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AsyncResponse]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: Flux3ImageKleinInputs,
) -> AsyncResponse | None:
    """FLUX 3 Image Klein

     Makes or edits a picture with FLUX 3 Image Klein. Its schema is not published: parameters are known
    from other clients, and some are guesses.

    Args:
        body (Flux3ImageKleinInputs): Parameters of FLUX 3 Image Klein, put together from other
            clients. There may be more; keys that are not listed here are sent.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AsyncResponse
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
