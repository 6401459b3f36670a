"""What codegen reads out of a specification: task endpoints, utility operations, schemas, pictures."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest

from codegen.derive import Derivation, Derived
from codegen.methods import TaskEndpoint, TaskReader, UtilityMethod, UtilityReader
from codegen.report import CodegenError, Report
from codegen.specification import Operation, Specification

from .conftest import small_document, task

PREFIX = "#/components/schemas/"
THING = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


def specification(paths: dict[str, Any] | None = None, **schemas: Any) -> Specification:
    """The small specification with more paths, and more schemas or others."""
    document = small_document()
    document["paths"] |= paths or {}
    document["components"]["schemas"] |= schemas
    return Specification(document)


def properties(**given: Any) -> Specification:
    """The small specification, whose body has these properties besides its own."""
    inputs = small_document()["components"]["schemas"]["PaintInputs"]
    return specification(PaintInputs={**inputs, "properties": {**inputs["properties"], **given}})


def tasks(found: Specification, report: Report | None = None) -> list[TaskEndpoint]:
    """The task endpoints of a specification."""
    return TaskReader(found, report or Report(StringIO())).read()


def operation(path: str, item: dict[str, Any], **schemas: Any) -> Operation:
    """The one operation of a path that is added to the small specification."""
    (found,) = (one for one in specification({path: item}, **schemas).operations if one.path == path)
    return found


def utility(path: str, item: dict[str, Any], **schemas: Any) -> UtilityMethod:
    """The method of a utility operation that is added to the small specification."""
    (method,) = UtilityReader(specification({path: item}, **schemas), Report(StringIO())).read()
    return method


def derived(found: Specification) -> Derived:
    """The generator's input."""
    return Derivation(found).run()


def answering(schema: Any, code: str = "200", kind: str = "application/json") -> dict[str, Any]:
    """The answers of an operation: one, with this schema."""
    return {"responses": {code: {"description": "", "content": {kind: {"schema": schema}}}}}


def asking(schema: Any, kind: str = "application/json", **more: Any) -> dict[str, Any]:
    """The body of an operation."""
    return {"requestBody": {"content": {kind: {"schema": schema}}, **more}}


class TestUtility:
    def test_a_body_without_properties_is_sent_empty(self) -> None:
        """An operation with a body that lists no property is called with an empty body, and not without one."""
        assert utility("/v1/rest", {"post": {**asking({"type": "object"}), **answering({})}}).in_body == ()
        assert utility("/v1/rest", {"post": answering({})}).in_body is None

    @pytest.mark.parametrize(
        ("schema", "annotation"),
        [
            ({"$ref": f"{PREFIX}Thing"}, "Thing"),
            ({"type": "array", "items": {"$ref": f"{PREFIX}Thing"}}, "list[Thing]"),
            ({"anyOf": [{"$ref": f"{PREFIX}Thing"}, {"$ref": f"{PREFIX}Receipt"}]}, "Thing | Receipt"),
            ({"anyOf": [{"$ref": f"{PREFIX}Thing"}, {"type": "null"}]}, "Any"),
            ({"anyOf": [{"$ref": f"{PREFIX}Thing"}, {"type": "string"}]}, "Any"),
            ({"$ref": f"{PREFIX}Color"}, "Any"),
            ({"type": "object"}, "Any"),
        ],
    )
    def test_an_answer_is_a_model_if_it_cannot_be_anything_else(self, schema: Any, annotation: str) -> None:
        """Models, their unions and lists are parsed; what may also be null, a scalar or a value is left as it is."""
        method = utility("/v1/rest", {"get": answering(schema)}, Thing=THING, Color={"enum": ["red"]})
        assert method.answer.annotation == annotation

    def test_values_of_the_path_come_in_the_order_of_the_path(self) -> None:
        """Path parameters that are declared in another order than in the path are put in their own places."""
        declared = [{"name": name, "in": "path", "schema": {"type": "string"}} for name in ("part", "whole")]
        method = utility("/v1/of/{whole}/is/{part}", {"get": {"parameters": declared, **answering({})}})
        assert method.url == [("/v1/of/", "whole"), ("/is/", "part"), ("", None)]
        assert [one.required for one in method.parameters] == [True, True]

    def test_required_parameters_come_first_wherever_they_are_sent(self) -> None:
        """An optional query parameter stands behind a required key of the body."""
        query = {"name": "page", "in": "query", "schema": {"type": "integer"}}
        node = {"parameters": [query], **asking(THING, required=True), **answering({})}
        found = utility("/v1/rest", {"post": node}).parameters
        assert [(one.name, one.required) for one in found] == [("n", True), ("page", False)]

    def test_the_keys_of_an_optional_body_are_optional(self) -> None:
        """What a body requires is not demanded where the body may be left out."""
        method = utility("/v1/rest", {"post": {**asking(THING), **answering({})}})
        assert [(one.name, one.required) for one in method.parameters] == [("n", False)]

    def test_two_parameters_of_one_name_are_refused(self) -> None:
        """A query parameter called like a key of the body stops the generation, which tells the name and the place."""
        query = {"name": "n", "in": "query", "schema": {"type": "integer"}}
        node = {"parameters": [query], **asking(THING), **answering({})}
        with pytest.raises(CodegenError, match="POST /v1/rest has two parameters of the same name: n, n"):
            utility("/v1/rest", {"post": node})


class TestOperations:
    def test_an_operation_overrides_a_parameter_of_its_path(self) -> None:
        """Of two parameters of one name and place, that of the operation counts; another place makes another one."""
        shared = [{"name": "n", "in": "query", "schema": {"type": "string"}}, {"name": "n", "in": "header"}]
        own = {"name": "n", "in": "query", "required": True, "schema": {"type": "integer"}}
        found = operation("/v1/rest", {"parameters": shared, "get": {"parameters": [own], **answering({})}})
        assert list(found.parameters) == [own, shared[1]]

    @pytest.mark.parametrize(
        "kind", ["application/json", "application/json; charset=utf-8", "application/json;charset=utf-8", "text/x+json"]
    )
    def test_json_is_found_by_its_content_type(self, kind: str) -> None:
        """A body and an answer are JSON whatever follows the content type, and where its name ends in +json."""
        found = operation("/v1/rest", {"post": {**asking(THING, kind), **answering(THING, kind=kind)}})
        assert (found.body, found.success) == (THING, ("200", THING))

    def test_a_body_of_another_kind_is_refused(self) -> None:
        """A body that is no JSON stops the generation; an answer that is none has no model."""
        with pytest.raises(CodegenError, match="POST /v1/rest, requestBody has no JSON content"):
            operation("/v1/rest", {"post": {**asking({}, "multipart/form-data"), **answering({})}})
        assert operation("/v1/rest", {"get": answering({}, kind="image/png")}).success == ("200", None)

    @pytest.mark.parametrize(
        ("codes", "chosen"),
        [(["404", "202", "201"], "201"), (["404", "204"], "204"), (["default", "422"], "default"), ([201, 500], "201")],
    )
    def test_the_lowest_success_is_the_answer(self, codes: list[Any], chosen: str) -> None:
        """Of several successes the one with the lowest code is read, and without any the default answer."""
        found = operation("/v1/rest", {"get": {"responses": {code: {"description": ""} for code in codes}}})
        assert found.success == (chosen, None)

    def test_an_operation_without_a_success_is_refused(self) -> None:
        """An operation that declares errors only stops the generation."""
        with pytest.raises(CodegenError, match="GET /v1/rest declares no success answer"):
            operation("/v1/rest", {"get": {"responses": {"404": {"description": ""}}}})

    @pytest.mark.parametrize(
        ("method", "keys", "is_task"),
        [
            ("post", ("id", "polling_url"), True),
            ("get", ("id", "polling_url"), False),
            ("post", ("id", "status"), False),
        ],
    )
    def test_a_task_endpoint_is_a_post_that_answers_with_a_receipt(
        self, method: str, keys: tuple[str, ...], is_task: bool
    ) -> None:
        """Neither a GET that answers with a receipt nor a POST that answers without polling URL is a task endpoint."""
        receipt = {"allOf": [{"type": "object", "properties": {key: {"type": "string"} for key in keys}}]}
        found = specification({"/v1/rest": {method: answering(receipt)}})
        assert ("/v1/rest" in [one.path for one in found.tasks]) is is_task
        assert ("/v1/rest" in [one.path for one in found.utilities]) is not is_task

    def test_a_reference_may_have_a_slash_or_a_tilde_in_it(self) -> None:
        """`~1` in a reference is a slash, `~0` a tilde, and `~01` is a tilde and a one."""
        odd: dict[str, Any] = {"a/b": THING, "c~1d": {"type": "string"}}
        found = specification(**odd)
        assert found.resolve({"$ref": f"{PREFIX}a~1b"}, "here") == THING
        assert found.resolve({"$ref": f"{PREFIX}c~01d"}, "here") == {"type": "string"}

    def test_references_in_lists_are_checked(self) -> None:
        """A reference that leads nowhere is found in an alternative too, and its place is named."""
        with pytest.raises(CodegenError, match=r"schemas/Odd/anyOf/1: the reference .* leads nowhere"):
            specification(Odd={"anyOf": [{"type": "null"}, {"$ref": f"{PREFIX}Nowhere"}]})

    def test_a_circle_of_references_is_refused(self) -> None:
        """Two schemas that are nothing but references to each other stop the reading."""
        found = specification(A={"$ref": f"{PREFIX}B"}, B={"$ref": f"{PREFIX}A"})
        with pytest.raises(CodegenError, match="here refers to itself"):
            found.resolve({"$ref": f"{PREFIX}A"}, "here")

    @pytest.mark.parametrize("paths", [None, []])
    def test_a_document_without_paths_is_refused(self, paths: Any) -> None:
        """Without an object of paths there is nothing to read."""
        with pytest.raises(CodegenError, match="has no paths"):
            Specification({**small_document(), "paths": paths})


class TestTasks:
    @pytest.mark.parametrize(
        ("parameter", "refused"),
        [
            ({"name": "p", "in": "query", "required": True}, True),
            ({"name": "p", "in": "header", "required": True}, True),
            ({"name": "p", "in": "path"}, True),
            ({"name": "p", "in": "query"}, False),
        ],
    )
    def test_a_parameter_beside_the_body_is_refused_or_reported(self, parameter: dict[str, Any], refused: bool) -> None:
        """What has to be sent and cannot stops the generation; what may be left out is named in a warning."""
        report, found = Report(StringIO()), specification({"/v1/draw": {"post": task("PaintInputs")}})
        found.document["paths"]["/v1/draw"]["post"]["parameters"] = [parameter]
        if refused:
            with pytest.raises(CodegenError, match="POST /v1/draw: the parameter 'p' cannot be sent"):
                tasks(found, report)
        else:
            tasks(found, report)
            assert report.warnings == ["POST /v1/draw: the parameter 'p' is ignored by the typed methods"]

    @pytest.mark.parametrize(
        ("mark", "value"),
        [("kind", "picture"), ("duration", 0), ("url-lifetime", -1), ("active-limit", "24"), ("kind", None)],
    )
    def test_a_mark_that_means_nothing_is_refused(self, mark: str, value: object) -> None:
        """A kind that is neither image nor video, and a number that is not above zero, stop the generation."""
        found = specification()
        found.document["paths"]["/v1/paint"]["post"][f"x-bfl-{mark}"] = value
        with pytest.raises(CodegenError, match=f"POST /v1/paint: x-bfl-{mark} is {value!r}"):
            tasks(found)

    def test_a_mark_of_its_own_goes_before_the_default(self) -> None:
        """An endpoint has the marks of its operation, and the others from the defaults of the document."""
        found = specification()
        found.document["paths"]["/v1/paint"]["post"]["x-bfl-duration"] = 90
        (endpoint,) = tasks(found)
        assert (endpoint.duration, endpoint.url_lifetime) == (90.0, 600.0)

    def test_two_endpoints_with_a_method_of_one_name_are_refused(self) -> None:
        """An endpoint called like the method of a branch of another one stops the generation, and both are named."""
        branches = [{"type": "object", "properties": {"kind": {"const": kind}}} for kind in ("a", "b")]
        schemas = {f"Kind{number}": branch for number, branch in enumerate(branches)}
        union = {"oneOf": [{"$ref": PREFIX + name} for name in schemas], "discriminator": {"propertyName": "kind"}}
        paths = {"/v1/draw": {"post": task("DrawInputs")}, "/v1/draw/a": {"post": task("PaintInputs")}}
        with pytest.raises(CodegenError, match=r"/v1/draw and /v1/draw/a would both be called 'draw_a\(\)'"):
            tasks(specification(paths, DrawInputs=union, **schemas))

    @pytest.mark.parametrize(
        ("own", "mapping", "value"),
        [
            ({"const": "a"}, {"a": f"{PREFIX}Kind"}, "a"),
            ({"enum": ["b", "a"]}, {"z": f"{PREFIX}Kind", "a": f"{PREFIX}Kind"}, "a"),
            ({"type": "string"}, {"a": "Kind"}, "a"),
            ({"const": "b"}, {"a": f"{PREFIX}Other"}, "b"),
            ({"type": "string"}, {}, "Kind"),
        ],
    )
    def test_the_value_of_a_branch_is_one_that_it_permits(self, own: Any, mapping: dict[str, str], value: str) -> None:
        """A branch sends a value that is mapped to it and that it takes, or else its own constant, or else its name."""
        kind = {"type": "object", "properties": {"kind": own, "n": {"type": "integer"}}}
        discriminator = {"propertyName": "kind", "mapping": mapping}
        union = {"oneOf": [{"$ref": f"{PREFIX}Kind"}], "discriminator": discriminator}
        (endpoint,) = tasks(specification(PaintInputs=union, Kind=kind))
        (method,) = endpoint.methods
        assert method.fixed == (("kind", value),)
        assert [one.name for one in method.parameters] == ["n"]

    def test_a_branch_without_a_value_is_refused(self) -> None:
        """A branch that has neither a name nor a constant cannot be told apart, and stops the generation."""
        union = {"oneOf": [{"type": "object", "properties": {}}], "discriminator": {"propertyName": "kind"}}
        with pytest.raises(CodegenError, match="a branch of the body has no value of 'kind'"):
            tasks(specification(PaintInputs=union))

    def test_the_prompt_comes_first_and_then_what_is_required(self) -> None:
        """The prompt is the first parameter even if it is optional; required ones come before the others."""
        given = {name: {"type": "integer"} for name in ("a", "b", "c")}
        body = {"type": "object", "properties": {**given, "prompt": {"type": "string"}}, "required": ["b"]}
        (endpoint,) = tasks(specification(PaintInputs=body))
        assert [one.name for one in endpoint.methods[0].parameters] == ["prompt", "b", "a", "c"]

    def test_without_a_task_endpoint_there_is_no_package(self) -> None:
        """A specification in which no POST answers with a receipt stops the generation."""
        found = specification(Receipt={"type": "object"})
        with pytest.raises(CodegenError, match="has no task endpoint"):
            tasks(found)
