# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.status_response import StatusResponse, check_status_response
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.result_response_details import ResultResponseDetails
    from ..models.result_response_preview import ResultResponsePreview
    from ..models.task_result import TaskResult


T = TypeVar("T", bound="ResultResponse")


@_attrs_define(kw_only=True)
class ResultResponse:
    """State of a task and, when it is ready, its result.

    Attributes:
        id (str): Id of the task.
        status (StatusResponse | str): State of the task.
        result (None | TaskResult | Unset): What the task made; null until it is ready. Its keys differ by model, sample
            (the URL of the file) is always there.
        progress (float | None | Unset): Share of the work that is done, from 0 to 1; many models leave it null.
        details (None | ResultResponseDetails | str | Unset): More about the state, such as the reasons of a moderation.
        preview (None | ResultResponsePreview | Unset): A first look at the result, where the model gives one.
    """

    id: str
    status: StatusResponse | str
    result: None | TaskResult | Unset = UNSET
    progress: float | None | Unset = UNSET
    details: None | ResultResponseDetails | str | Unset = UNSET
    preview: None | ResultResponsePreview | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.result_response_details import ResultResponseDetails  # noqa: PLC0415
        from ..models.result_response_preview import ResultResponsePreview  # noqa: PLC0415
        from ..models.task_result import TaskResult  # noqa: PLC0415

        id = self.id

        status: str
        if isinstance(self.status, str):
            status = self.status
        else:
            status = self.status

        result: dict[str, Any] | None | Unset
        if isinstance(self.result, Unset):
            result = UNSET
        elif isinstance(self.result, TaskResult):
            result = self.result.to_dict()
        else:
            result = self.result

        progress: float | None | Unset
        if isinstance(self.progress, Unset):
            progress = UNSET
        else:
            progress = self.progress

        details: dict[str, Any] | None | str | Unset
        if isinstance(self.details, Unset):
            details = UNSET
        elif isinstance(self.details, ResultResponseDetails):
            details = self.details.to_dict()
        else:
            details = self.details

        preview: dict[str, Any] | None | Unset
        if isinstance(self.preview, Unset):
            preview = UNSET
        elif isinstance(self.preview, ResultResponsePreview):
            preview = self.preview.to_dict()
        else:
            preview = self.preview

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "status": status,
            }
        )
        if result is not UNSET:
            field_dict["result"] = result
        if progress is not UNSET:
            field_dict["progress"] = progress
        if details is not UNSET:
            field_dict["details"] = details
        if preview is not UNSET:
            field_dict["preview"] = preview

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.result_response_details import ResultResponseDetails  # noqa: PLC0415
        from ..models.result_response_preview import ResultResponsePreview  # noqa: PLC0415
        from ..models.task_result import TaskResult  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_status(data: object) -> StatusResponse | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                status_type_0 = check_status_response(data)

                return status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(StatusResponse | str, data)

        status = _parse_status(d.pop("status"))

        def _parse_result(data: object) -> None | TaskResult | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                result_type_0 = TaskResult.from_dict(data)

                return result_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TaskResult | Unset, data)

        result = _parse_result(d.pop("result", UNSET))

        def _parse_progress(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        progress = _parse_progress(d.pop("progress", UNSET))

        def _parse_details(data: object) -> None | ResultResponseDetails | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                details_type_0 = ResultResponseDetails.from_dict(data)

                return details_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ResultResponseDetails | str | Unset, data)

        details = _parse_details(d.pop("details", UNSET))

        def _parse_preview(data: object) -> None | ResultResponsePreview | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                preview_type_0 = ResultResponsePreview.from_dict(data)

                return preview_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ResultResponsePreview | Unset, data)

        preview = _parse_preview(d.pop("preview", UNSET))

        result_response = cls(
            id=id,
            status=status,
            result=result,
            progress=progress,
            details=details,
            preview=preview,
        )

        result_response.additional_properties = d
        return result_response

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
