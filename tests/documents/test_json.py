"""Documents as JSON: as the schema says, and of the same content as the derivation."""

import json
from importlib import resources

import jsonschema
import pytest

import symgrad
from symgrad.language.layer import Layer
from tests.documents.writing import written

SCHEMA = json.loads(
    resources.files("symgrad.documents").joinpath("derivation.schema.json").read_text("utf-8")
)
LAYERS = [layer for layer in symgrad.catalog().values() if not layer.unsupported]


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_whole_catalogue_is_valid():
    whole = json.loads(written("json", *LAYERS))
    jsonschema.validate(whole, SCHEMA)
    assert [layer["name"] for layer in whole["layers"]] == [layer.name for layer in LAYERS]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda layer: layer.pop("code"),
        lambda layer: layer.update(extra=1),
        lambda layer: layer["derivation"][0]["steps"][0].pop("caption"),
        lambda layer: layer["constants"].update(c="big"),
    ],
)
def test_a_missing_or_unknown_member_is_refused(spoil):
    whole = json.loads(written("json", "AddBias"))
    spoil(whole["layers"][0])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(whole, SCHEMA)


def test_every_statement_parses_again():
    layer = symgrad.derive("y_ij = exp(x_ij)/sum_k exp(x_ik)").json()
    (result,) = (part["result"] for part in layer["derivation"] if part["is_result"])
    assert result["text"] == "dx_ij = y_ij*(dy_ij - sum_k dy_ik*y_ik)"
    assert Layer("Again", result["text"]).outputs == ("dx",)


def test_steps_name_their_rules_and_the_result_its_code():
    bias = symgrad.derive(symgrad.Layer("Bias", "y_ij = x_ij + b_j", wrt=["b"])).json()
    (section,) = bias["derivation"]
    assert [step["rule"] for step in section["steps"]] == [
        "chain_rule",
        "derivative",
        "contract_delta",
    ]
    assert section["left"] == {"text": "dL/db_j", "latex": r"\frac{\partial L}{\partial b_{j}}"}
    assert section["numpy"] == "db = dy.sum(axis=0)"


def test_an_infinite_constant_is_a_word():
    layer = symgrad.Layer("Cut", "y_i = min(x_i, s)", constants={"s": float("inf")})
    whole = json.loads(written("json", layer), parse_constant=pytest.fail)
    assert whole["layers"][0]["constants"] == {"s": "inf"}


def test_captions_are_in_the_language_asked_for():
    section = symgrad.derive("y_i = x_i").json(language="ja")["derivation"][0]
    assert section["steps"][0]["caption"] == "連鎖律：x は y の全要素に影響しうる"
