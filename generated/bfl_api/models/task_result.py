# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="TaskResult")


@_attrs_define(kw_only=True)
class TaskResult:
    """The result of a task. Its keys depend on the model.

    Attributes:
        sample (str | Unset): Signed URL of the finished file, valid for a limited time. Fetch it without the API key.
        prompt (str | Unset): Prompt that was used, possibly rewritten by the service.
        seed (int | Unset): Seed that was used.
        start_time (float | Unset): When the work began, in seconds since 1970 (UTC).
        end_time (float | Unset): When the work ended, in seconds since 1970 (UTC).
        duration (float | Unset): Seconds of work, not the length of a clip.
        draft_cache (str | Unset): Signed URL of the data to finish a draft clip in full quality. How long it is valid
            is not documented.
    """

    sample: str | Unset = UNSET
    prompt: str | Unset = UNSET
    seed: int | Unset = UNSET
    start_time: float | Unset = UNSET
    end_time: float | Unset = UNSET
    duration: float | Unset = UNSET
    draft_cache: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        sample = self.sample

        prompt = self.prompt

        seed = self.seed

        start_time = self.start_time

        end_time = self.end_time

        duration = self.duration

        draft_cache = self.draft_cache

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if sample is not UNSET:
            field_dict["sample"] = sample
        if prompt is not UNSET:
            field_dict["prompt"] = prompt
        if seed is not UNSET:
            field_dict["seed"] = seed
        if start_time is not UNSET:
            field_dict["start_time"] = start_time
        if end_time is not UNSET:
            field_dict["end_time"] = end_time
        if duration is not UNSET:
            field_dict["duration"] = duration
        if draft_cache is not UNSET:
            field_dict["draft_cache"] = draft_cache

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        sample = d.pop("sample", UNSET)

        prompt = d.pop("prompt", UNSET)

        seed = d.pop("seed", UNSET)

        start_time = d.pop("start_time", UNSET)

        end_time = d.pop("end_time", UNSET)

        duration = d.pop("duration", UNSET)

        draft_cache = d.pop("draft_cache", UNSET)

        task_result = cls(
            sample=sample,
            prompt=prompt,
            seed=seed,
            start_time=start_time,
            end_time=end_time,
            duration=duration,
            draft_cache=draft_cache,
        )

        task_result.additional_properties = d
        return task_result

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
