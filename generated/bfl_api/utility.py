# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

"""The operations that do not create a task, as typed methods on top of one function that calls the API."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote

if TYPE_CHECKING:
    from .models.credits_response import CreditsResponse
    from .models.delete_finetune_response import DeleteFinetuneResponse
    from .models.finetune_detail_response import FinetuneDetailResponse
    from .models.my_finetunes_response import MyFinetunesResponse
    from .models.result_response import ResultResponse
    from .models.settled_cost_result_response import SettledCostResultResponse

R = TypeVar("R")


class Call(Protocol):
    """What the methods of `Utility` call to send a request; it returns what `parse` makes of the answer's JSON."""

    def __call__(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        parse: Callable[[Any], R],
        /,
    ) -> R:
        """Send a request; `path` is quoted, `body` is None if the operation has none."""
        ...


class AsyncCall(Protocol):
    """The asynchronous twin of `Call`."""

    def __call__(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        parse: Callable[[Any], R],
        /,
    ) -> Coroutine[Any, Any, R]:
        """Send a request; `path` is quoted, `body` is None if the operation has none."""
        ...


class Utility:
    """One typed method for each operation that does not create a task. A parameter that is None is not sent."""

    __slots__ = ("__call",)

    def __init__(self, call: Call) -> None:
        """Build on `call`."""
        self.__call = call

    def credits(self) -> CreditsResponse:
        """Remaining credits.

        Returns the credits left to the project that the key belongs to.
        """
        return self.__call(
            "GET",
            "/v1/credits",
            {},
            None,
            _parse_credits,
        )

    def get_result(self, id: str) -> SettledCostResultResponse | ResultResponse:
        """State and result of a task.

        Tells how far a task is and, once it is ready, what it made. Use the polling URL from the answer to
        the submission rather than building this address: the task lives on one cluster, and other hosts may
        not know it.

        Args:
            id: Id of the task, as the submission answered it.
        """
        return self.__call(
            "GET",
            "/v1/get_result",
            _present(
                {
                    "id": id,
                }
            ),
            None,
            _parse_get_result,
        )

    def finetune_details(self, finetune_id: str) -> FinetuneDetailResponse:
        """Details of a finetune.

        Returns what the service keeps about one finetune.

        Args:
            finetune_id: Id of the finetune.
        """
        return self.__call(
            "GET",
            "/v1/finetune_details",
            _present(
                {
                    "finetune_id": finetune_id,
                }
            ),
            None,
            _parse_finetune_details,
        )

    def my_finetunes(self) -> MyFinetunesResponse:
        """List of finetunes.

        Lists the finetunes that belong to the key's owner.
        """
        return self.__call(
            "GET",
            "/v1/my_finetunes",
            {},
            None,
            _parse_my_finetunes,
        )

    def delete_finetune(self, finetune_id: str) -> DeleteFinetuneResponse:
        """Delete a finetune.

        Removes a finetune for good.

        Args:
            finetune_id: Id of the finetune to remove.
        """
        return self.__call(
            "POST",
            "/v1/delete_finetune",
            {},
            _present(
                {
                    "finetune_id": finetune_id,
                }
            ),
            _parse_delete_finetune,
        )


class AsyncUtility:
    """The asynchronous twin of `Utility`: the same methods, to be awaited."""

    __slots__ = ("__call",)

    def __init__(self, call: AsyncCall) -> None:
        """Build on `call`."""
        self.__call = call

    def credits(self) -> Coroutine[Any, Any, CreditsResponse]:
        """Remaining credits.

        Returns the credits left to the project that the key belongs to.
        """
        return self.__call(
            "GET",
            "/v1/credits",
            {},
            None,
            _parse_credits,
        )

    def get_result(self, id: str) -> Coroutine[Any, Any, SettledCostResultResponse | ResultResponse]:
        """State and result of a task.

        Tells how far a task is and, once it is ready, what it made. Use the polling URL from the answer to
        the submission rather than building this address: the task lives on one cluster, and other hosts may
        not know it.

        Args:
            id: Id of the task, as the submission answered it.
        """
        return self.__call(
            "GET",
            "/v1/get_result",
            _present(
                {
                    "id": id,
                }
            ),
            None,
            _parse_get_result,
        )

    def finetune_details(self, finetune_id: str) -> Coroutine[Any, Any, FinetuneDetailResponse]:
        """Details of a finetune.

        Returns what the service keeps about one finetune.

        Args:
            finetune_id: Id of the finetune.
        """
        return self.__call(
            "GET",
            "/v1/finetune_details",
            _present(
                {
                    "finetune_id": finetune_id,
                }
            ),
            None,
            _parse_finetune_details,
        )

    def my_finetunes(self) -> Coroutine[Any, Any, MyFinetunesResponse]:
        """List of finetunes.

        Lists the finetunes that belong to the key's owner.
        """
        return self.__call(
            "GET",
            "/v1/my_finetunes",
            {},
            None,
            _parse_my_finetunes,
        )

    def delete_finetune(self, finetune_id: str) -> Coroutine[Any, Any, DeleteFinetuneResponse]:
        """Delete a finetune.

        Removes a finetune for good.

        Args:
            finetune_id: Id of the finetune to remove.
        """
        return self.__call(
            "POST",
            "/v1/delete_finetune",
            {},
            _present(
                {
                    "finetune_id": finetune_id,
                }
            ),
            _parse_delete_finetune,
        )


def _parse_credits(data: Any) -> CreditsResponse:
    from .models.credits_response import CreditsResponse

    return CreditsResponse.from_dict(data)


def _parse_get_result(data: Any) -> SettledCostResultResponse | ResultResponse:
    from .models.result_response import ResultResponse
    from .models.settled_cost_result_response import SettledCostResultResponse

    if isinstance(data, Mapping) and all(
        key in data
        for key in (
            "id",
            "status",
            "cost",
        )
    ):
        return SettledCostResultResponse.from_dict(data)
    return ResultResponse.from_dict(data)


def _parse_finetune_details(data: Any) -> FinetuneDetailResponse:
    from .models.finetune_detail_response import FinetuneDetailResponse

    return FinetuneDetailResponse.from_dict(data)


def _parse_my_finetunes(data: Any) -> MyFinetunesResponse:
    from .models.my_finetunes_response import MyFinetunesResponse

    return MyFinetunesResponse.from_dict(data)


def _parse_delete_finetune(data: Any) -> DeleteFinetuneResponse:
    from .models.delete_finetune_response import DeleteFinetuneResponse

    return DeleteFinetuneResponse.from_dict(data)


def _present(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def _path(*pieces: object) -> str:
    """Join a path from literal texts and values; every second piece is a value, and is quoted."""
    return "".join(
        quote(str(piece), safe="", errors="surrogatepass") if position % 2 else str(piece)
        for position, piece in enumerate(pieces)
    )
