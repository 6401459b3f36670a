"""The package that comes from the project's own specification: its table, methods, models and imports."""

from __future__ import annotations

import ast
import asyncio
import copy
import inspect
import io
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from codegen.effective import completed
from codegen.overlay import effective
from codegen.pipeline import Sources
from codegen.reading import read
from codegen.report import Report

Load = Callable[[str], ModuleType]


class Recorder:
    """A `send` that returns what it was called with."""

    def __call__(
        self, endpoint: str, body: Mapping[str, Any], *, validate: bool = True, extra: Mapping[str, Any] | None = None
    ) -> tuple[str, dict[str, Any], bool, Mapping[str, Any] | None]:
        return endpoint, dict(body), validate, extra


@pytest.fixture
def endpoints(load: Load) -> Any:
    """The typed methods on top of a recorder."""
    return load("endpoints").Endpoints(Recorder())


@pytest.fixture
def formats(load: Load) -> list[str]:
    """The formats of pictures that the specification knows."""
    found: list[str] = load("specification").load()["components"]["schemas"]["OutputFormat"].get("enum", [])
    return found


def python(package: Path, code: str) -> str:
    """Run code in a process of its own in which the package is importable as bfl_api; return what it prints."""
    command = [sys.executable, "-W", "error", "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


class TestTable:
    def test_every_task_endpoint_has_a_row_and_its_methods(self, load: Load, endpoints: Any) -> None:
        """The table has exactly the POSTs whose 200 answer can be a receipt, and each method it names exists."""
        document = load("specification").load()
        receipts = {
            name
            for name, schema in document["components"]["schemas"].items()
            if {"id", "polling_url"} <= set(schema.get("properties", ()))
        }
        expected = {
            path
            for path, item in document["paths"].items()
            if any(
                f"schemas/{name}" in json.dumps(item.get("post", {}).get("responses", {}).get("200"))
                for name in receipts
            )
        }
        table = load("table").ENDPOINTS
        assert {endpoint.path for endpoint in table.values()} == expected
        assert all(f"/v1/{name}" == endpoint.path and endpoint.name == name for name, endpoint in table.items())
        methods = [name for endpoint in table.values() for name in endpoint.method_names]
        assert len(methods) == len(set(methods))
        assert set(methods) == {name for name in dir(endpoints) if not name.startswith("_")}

    def test_a_row_has_the_marks_of_its_operation_or_the_defaults(self, load: Load) -> None:
        """Kind, duration, lifetime, limit and schema of a row are those of the specification."""
        document, table = load("specification").load(), load("table").ENDPOINTS
        for endpoint in table.values():
            operation = document["paths"][endpoint.path]["post"]
            marks = {**document["x-bfl-defaults"], **{key[6:]: value for key, value in operation.items()}}
            assert (endpoint.kind, endpoint.duration) == (marks["kind"], marks["duration"])
            assert (endpoint.url_lifetime, endpoint.active_limit) == (marks["url-lifetime"], marks["active-limit"])
            assert endpoint.unpublished == marks.get("unpublished", False)
            assert endpoint.schema in document["components"]["schemas"]

    def test_the_packaged_specification_is_the_effective_one(self, load: Load, sources: Sources) -> None:
        """What load() returns is the published document with the overlay applied, and SERVER is its first server."""
        document = completed(effective(read(sources.specification), read(sources.overlay), Report(io.StringIO())))
        assert load("specification").load() == document
        assert document["servers"][0]["url"] == load("specification").SERVER


class TestMethods:
    @pytest.mark.about("flux-dev:seed")
    def test_a_method_sends_what_is_given_and_leaves_out_none(self, endpoints: Any) -> None:
        """Only parameters with a value are in the body, also if it is false or zero."""
        sent = endpoints.flux_dev(prompt="a fox", seed=0, prompt_upsampling=False, width=None)
        assert sent == ("flux-dev", {"prompt": "a fox", "seed": 0, "prompt_upsampling": False}, True, None)

    def test_parameters_are_keywords_and_required_ones_come_first(self, endpoints: Any) -> None:
        """But for the prompt, methods take keywords only, without a default where the schema requires the key."""
        for name in [name for name in dir(endpoints) if not name.startswith("_")]:
            parameters = list(inspect.signature(getattr(endpoints, name)).parameters.values())
            placed = [one.name for one in parameters if one.kind is not inspect.Parameter.KEYWORD_ONLY]
            assert placed == [one.name for one in parameters[:1] if one.name == "prompt"]
            defaults = [parameter.default for parameter in parameters[len(placed) :]]
            assert {one.default for one in parameters} <= {inspect.Parameter.empty, None}
            assert defaults == sorted(defaults, key=lambda default: default is None)
            with pytest.raises(TypeError, match="widht"):
                getattr(endpoints, name)(widht=1)

    @pytest.mark.about("flux-3-video")
    def test_a_body_with_a_discriminator_gives_a_method_per_branch(self, endpoints: Any, load: Load) -> None:
        """Each branch sends its first discriminator value, and has the parameters of its own schema only."""
        names = load("table").ENDPOINTS["flux-3-video"].method_names
        assert names == ("flux_3_video_t2v", "flux_3_video_i2v", "flux_3_video_v2v", "flux_3_video_draft_enhance")
        assert endpoints.flux_3_video_t2v(prompt="x")[:2] == ("flux-3-video", {"mode": "t2v", "prompt": "x"})
        assert endpoints.flux_3_video_draft_enhance(draft_cache=b"x")[1] == {
            "mode": "draft_enhance",
            "draft_cache": b"x",
        }
        assert set(inspect.signature(endpoints.flux_3_video_v2v).parameters) >= {"start_video", "duration"}
        assert "keyframes" not in inspect.signature(endpoints.flux_3_video_v2v).parameters

    @pytest.mark.parametrize(
        ("method", "parameter", "annotation"),
        [
            ("flux_dev", "image_prompt", "Media | None"),
            ("flux_dev", "width", "int | None"),
            ("flux_dev", "guidance", "float | None"),
            ("flux_dev", "user", "str | None"),
            ("flux_dev", "output_format", "Literal['jpeg', 'png'{more}] | None"),
            ("flux_2_pro", "prompt", "str"),
            ("flux_pro_1_1_ultra", "aspect_ratio", "str | None"),
            ("flux_3_image", "images", "Media | Sequence[Media] | None"),
            ("flux_3_video_i2v", "duration", "int | Literal['auto'] | None"),
            ("flux_3_video_i2v", "keyframes", "Media | tuple[float, Media] | Sequence[Media | tuple[float, Media]]"),
            ("flux_tools_video_upscale_v1", "creativity", "Literal[0, 1] | None"),
        ],
    )
    def test_annotations_say_what_the_schema_takes(
        self, endpoints: Any, formats: list[str], method: str, parameter: str, annotation: str
    ) -> None:
        """Enums are literals, media are Media, tuples stay tuples, a union of lists is one list, null is left out."""
        if not hasattr(endpoints, method) or parameter not in inspect.signature(getattr(endpoints, method)).parameters:
            pytest.skip("the specification has no such parameter")
        more = "".join(f", {each!r}" for each in formats[2:])
        found = inspect.signature(getattr(endpoints, method)).parameters[parameter].annotation
        assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(annotation.format(more=more)))

    @pytest.mark.about("flux-dev")
    def test_docstrings_say_bounds_and_defaults(self, endpoints: Any, load: Load) -> None:
        """The docstring of a method and of a model says range, step and server default, on lines of 110."""
        node = load("specification").load()["components"]["schemas"]["FluxDevInputs"]["properties"]["width"]
        bounds = f"{node['minimum']} to {node['maximum']}, a multiple of {node['multipleOf']}"
        said = f"{bounds}; server default {node['default']}."
        documented = inspect.getdoc(endpoints.flux_dev) or ""
        assert f"width: Width of the picture in pixels. {said}" in " ".join(documented.split())
        assert said in " ".join((inspect.getdoc(load("models").FluxDevInputs) or "").split())
        for name in [name for name in dir(endpoints) if not name.startswith("_")]:
            text = getattr(endpoints, name).__doc__ or ""
            assert max(map(len, text.splitlines())) <= 110
            for parameter in inspect.signature(getattr(endpoints, name)).parameters:
                assert f"    {parameter}: " in text

    def test_unpublished_endpoints_say_so(self, endpoints: Any, load: Load) -> None:
        """Exactly the methods of endpoints marked as unpublished say that the published specification lacks them."""
        for endpoint in load("table").ENDPOINTS.values():
            for name in endpoint.method_names:
                assert (
                    "Not in the published specification" in (getattr(endpoints, name).__doc__ or "")
                ) == endpoint.unpublished


class TestCall:
    def test_an_unknown_endpoint_is_sent_as_it_is(self, endpoints: Any) -> None:
        """Any name can be sent, with any parameters, and the two options are passed on."""
        sent = endpoints("flux-99", prompt="x", validate=False, extra={"new": 1})
        assert sent == ("flux-99", {"prompt": "x"}, False, {"new": 1})

    def test_parameters_may_be_called_like_the_positional_ones(self, endpoints: Any) -> None:
        """Keys called `endpoint`, `body` and `self` are keys like any other."""
        assert endpoints("e", endpoint=1, body=2, self=3)[1] == {"endpoint": 1, "body": 2, "self": 3}

    def test_nulls_of_a_mapping_stay_and_none_of_a_keyword_goes(self, endpoints: Any) -> None:
        """A null in the mapping is sent, a None as a keyword is not, and keywords replace keys of the mapping."""
        given = {"seed": None, "width": 64, "validate": 1}
        assert endpoints("e", given, width=128, height=None)[1] == {"seed": None, "width": 128, "validate": 1}
        assert given == {"seed": None, "width": 64, "validate": 1}

    @pytest.mark.about("flux-dev:seed")
    def test_a_model_is_sent_without_its_unset_fields(self, endpoints: Any, load: Load) -> None:
        """A model, its deep copy and its pickled copy give the same body, which has no unset field."""
        model = load("models").FluxDevInputs(prompt="a fox", seed=None)
        for one in (model, copy.deepcopy(model), copy.copy(model), pickle.loads(pickle.dumps(model))):
            assert endpoints("flux-dev", one)[1] == {"prompt": "a fox", "seed": None}
            assert one.to_dict() == {"prompt": "a fox", "seed": None}

    def test_models_take_keywords_only(self, load: Load) -> None:
        """No model takes a value by position, which would be whatever the specification has first."""
        for name in load("models").__all__:
            made = getattr(load("models"), name)
            if isinstance(made, type):
                with pytest.raises(TypeError):
                    made("a fox")

    @pytest.mark.parametrize("body", [5, "text", ["a"], object()])
    def test_a_body_of_another_kind_is_left_to_the_sender(self, load: Load, body: object) -> None:
        """A body that is neither a mapping nor a model reaches `send` as it is, which refuses it in its own way."""
        sent: list[object] = []
        load("endpoints").Endpoints(lambda endpoint, body, **options: sent.append(body))("flux-dev", body)
        assert sent == [body]


class TestUtility:
    def test_methods_call_and_parse(self, load: Load) -> None:
        """A query goes as a query, a body as a body, and the answer comes back as its model."""
        calls: list[tuple[Any, ...]] = []

        def call(method: str, path: str, query: Any, body: Any, parse: Any) -> Any:
            calls.append((method, path, query, body))
            return parse(answers[path])

        answers = {
            "/v1/credits": {"credits": 12.5},
            "/v1/finetune_details": {"finetune_details": {"a": 1}},
            "/v1/delete_finetune": {"status": "s", "message": "m", "deleted_finetune_id": "f", "timestamp": "t"},
        }
        utility = load("utility").Utility(call)
        if not {"credits", "finetune_details", "delete_finetune"} <= set(dir(utility)):
            pytest.skip("the specification has not all of the operations that this test calls")
        assert utility.credits().credits_ == 12.5
        assert utility.finetune_details("f").finetune_details["a"] == 1
        assert utility.delete_finetune(finetune_id="f").deleted_finetune_id == "f"
        assert calls == [
            ("GET", "/v1/credits", {}, None),
            ("GET", "/v1/finetune_details", {"finetune_id": "f"}, None),
            ("POST", "/v1/delete_finetune", {}, {"finetune_id": "f"}),
        ]

    @pytest.mark.parametrize(
        ("answer", "model"),
        [
            ({"id": "1", "status": "Ready", "cost": 3}, "SettledCostResultResponse"),
            ({"id": "1", "status": "Pending"}, "ResultResponse"),
            ({"id": "1", "status": "Something new"}, "ResultResponse"),
        ],
    )
    def test_a_union_is_parsed_as_the_first_model_with_all_its_keys(
        self, load: Load, answer: dict[str, Any], model: str
    ) -> None:
        """The first model whose required keys are all there is used, else the last; unknown statuses pass."""
        utility = load("utility").Utility(lambda method, path, query, body, parse: parse(answer))
        result = utility.get_result("1")
        if not hasattr(load("models"), "SettledCostResultResponse"):
            pytest.skip("the specification has one kind of result only")
        assert type(result).__name__ == model
        assert result.status == answer["status"]

    def test_the_asynchronous_twin_has_the_same_methods(self, load: Load) -> None:
        """Both classes have the same methods with the same parameters, and those of the second give coroutines."""
        module = load("utility")

        async def call(method: str, path: str, query: Any, body: Any, parse: Any) -> Any:
            return parse({"credits": 1})

        names = [name for name in dir(module.Utility) if not name.startswith("_")]
        assert names == [name for name in dir(module.AsyncUtility) if not name.startswith("_")]
        for name in names:
            signatures = [inspect.signature(getattr(one, name)) for one in (module.Utility, module.AsyncUtility)]
            assert signatures[0].parameters == signatures[1].parameters
        if "credits" in names:
            assert asyncio.run(module.AsyncUtility(call).credits()).to_dict() == {"credits": 1}


class TestModels:
    def test_a_model_sends_no_default_of_its_own(self, load: Load) -> None:
        """A request model made from its required arguments serialises to exactly these, for every request schema."""
        models, document = load("models"), load("specification").load()
        for endpoint in load("table").ENDPOINTS.values():
            schema = document["components"]["schemas"][endpoint.schema]
            if "properties" in schema:
                given = dict.fromkeys(schema.get("required", ()), "x")
                assert getattr(models, endpoint.schema)(**given).to_dict() == given

    @pytest.mark.about("flux-3-video")
    @pytest.mark.parametrize("duration", [5, "auto"])
    def test_a_value_beside_a_constant_can_be_read_back(self, load: Load, duration: object) -> None:
        """A duration in seconds and the constant `auto` both pass through from_dict() and to_dict() unchanged."""
        body = {"mode": "t2v", "prompt": "x", "duration": duration, "aspect_ratio": "16:9"}
        assert load("models").Flux3VideoT2VInputs.from_dict(body).to_dict() == body
        frames = {"mode": "i2v", "prompt": "x", "keyframes": [[0.5, "a"], "b"]}
        assert load("models").Flux3VideoI2VInputs.from_dict(frames).to_dict() == frames

    def test_secrets_are_in_no_repr(self, load: Load) -> None:
        """Neither a webhook secret nor a polling URL, a token, a header or a cookie shows in a repr."""
        models, client = load("models"), load("client")
        document = load("specification").load()["components"]["schemas"]
        secret = "not-to-be-seen"
        for name in [name for name, schema in document.items() if "webhook_secret" in schema.get("properties", ())]:
            given = dict.fromkeys(document[name].get("required", ()), "x")
            assert secret not in repr(getattr(models, name)(**given, webhook_secret=secret))
        assert secret not in repr(models.AsyncResponse(id="x", polling_url=secret))
        hidden = {"headers": {"a": secret}, "cookies": {"a": secret}, "httpx_args": {"auth": secret}}
        assert secret not in repr(client.AuthenticatedClient(base_url="x", token=secret, **hidden))
        assert secret not in repr(client.Client(base_url="x", **hidden))

    def test_every_lazy_name_can_be_imported(self, load: Load) -> None:
        """Each name that a package offers exists, is listed by dir(), and an unknown one is an AttributeError."""
        groups = [f"api.{group}" for group in load("api").__all__]
        for name in ("models", "api", *groups):
            module = load(name)
            assert {getattr(module, offered).__class__.__name__ for offered in module.__all__}
            assert set(module.__all__) <= set(dir(module))
            with pytest.raises(AttributeError, match="NoSuchModel"):
                _ = module.NoSuchModel


class TestImports:
    @pytest.mark.about("flux-dev")
    def test_a_model_brings_neither_httpx_nor_the_other_models(self, package: Path) -> None:
        """Importing one model loads neither httpx nor the client nor a model that it does not need."""
        code = "import sys; from bfl_api.models import FluxDevInputs; print(*sys.modules)"
        loaded = python(package, code).split()
        assert not {"httpx", "bfl_api.client", "bfl_api.models.flux_2_inputs"} & set(loaded)
        assert {name for name in loaded if name.startswith("bfl_api.models.")} == {
            *("bfl_api.models.flux_dev_inputs", "bfl_api.models.output_format")
        }

    @pytest.mark.parametrize("module", ["endpoints", "table", "utility", "specification"])
    def test_the_typed_modules_are_cheap_to_import(self, package: Path, module: str) -> None:
        """Importing one of codegen's own modules loads neither httpx nor attrs nor a model, and warns of nothing."""
        loaded = python(package, f"import sys, bfl_api.{module}; print(*sys.modules)").split()
        assert not {"httpx", "attr", "attrs", "bfl_api.types", "bfl_api.models"} & set(loaded)

    def test_all_modules_import_without_a_warning(self, package: Path) -> None:
        """Every generated module can be imported with warnings as errors."""
        code = "import bfl_api, pkgutil, importlib\n" + (
            "for found in pkgutil.walk_packages(bfl_api.__path__, 'bfl_api.'): importlib.import_module(found.name)"
        )
        assert python(package, code) == ""

    def test_every_module_names_the_command_that_wrote_it(self, package: Path) -> None:
        """The first line of each module names the command, and py.typed is there."""
        for path in package.rglob("*.py"):
            assert "`python -m codegen generate`" in path.read_text(encoding="utf-8").splitlines()[0]
        assert (package / "py.typed").is_file()
