# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.result_response import ResultResponse
from ...models.settled_cost_result_response import SettledCostResultResponse
from ...types import UNSET, Response


def _get_kwargs(
    *,
    id: str,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["id"] = id

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/get_result",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ResultResponse | SettledCostResultResponse | None:
    if response.status_code == 200:

        def _parse_response_200(data: object) -> ResultResponse | SettledCostResultResponse:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_0 = SettledCostResultResponse.from_dict(data)

                return response_200_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            response_200_type_1 = ResultResponse.from_dict(data)

            return response_200_type_1

        response_200 = _parse_response_200(response.json())

        return response_200

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ResultResponse | SettledCostResultResponse]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    id: str,
) -> Response[ResultResponse | SettledCostResultResponse]:
    """State and result of a task

     Tells how far a task is and, once it is ready, what it made. Use the polling URL from the answer to
    the submission rather than building this address: the task lives on one cluster, and other hosts may
    not know it.

    Args:
        id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ResultResponse | SettledCostResultResponse]
    """

    kwargs = _get_kwargs(
        id=id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    id: str,
) -> ResultResponse | SettledCostResultResponse | None:
    """State and result of a task

     Tells how far a task is and, once it is ready, what it made. Use the polling URL from the answer to
    the submission rather than building this address: the task lives on one cluster, and other hosts may
    not know it.

    Args:
        id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ResultResponse | SettledCostResultResponse
    """

    return sync_detailed(
        client=client,
        id=id,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    id: str,
) -> Response[ResultResponse | SettledCostResultResponse]:
    """State and result of a task

     Tells how far a task is and, once it is ready, what it made. Use the polling URL from the answer to
    the submission rather than building this address: the task lives on one cluster, and other hosts may
    not know it.

    Args:
        id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ResultResponse | SettledCostResultResponse]
    """

    kwargs = _get_kwargs(
        id=id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    id: str,
) -> ResultResponse | SettledCostResultResponse | None:
    """State and result of a task

     Tells how far a task is and, once it is ready, what it made. Use the polling URL from the answer to
    the submission rather than building this address: the task lives on one cluster, and other hosts may
    not know it.

    Args:
        id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ResultResponse | SettledCostResultResponse
    """

    return (
        await asyncio_detailed(
            client=client,
            id=id,
        )
    ).parsed
