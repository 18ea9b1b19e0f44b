import pytest

from audit.model.json_schema import schema_faults

SCHEMA = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"at": {"type": "number", "maximum": 10}}}},
    },
}


def test_a_document_that_follows_its_schema_has_no_fault() -> None:
    assert schema_faults(SCHEMA, {"name": "a", "rows": [{"at": 10}], "more": True}) == []


def test_each_fault_has_its_path_and_they_come_in_order() -> None:
    faults = schema_faults(SCHEMA, {"name": 1, "rows": [{"at": 1}, {"at": 11}]})
    assert [path for path, _ in faults] == ["$.name", "$.rows[1].at"]
    assert faults[0][1] == '1 is not of type "string"'


def test_what_is_missing_is_told_at_its_parent() -> None:
    assert schema_faults(SCHEMA, {}) == [("$", '"name" is a required property')]


@pytest.mark.parametrize("number", [float("inf"), 10**400, 1e300])
def test_a_number_beyond_its_bounds_is_a_fault_however_large(number: float) -> None:
    assert [path for path, _ in schema_faults(SCHEMA, {"name": "a", "rows": [{"at": number}]})] == ["$.rows[0].at"]


def test_text_that_is_no_unicode_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        schema_faults({"properties": {"name": {"enum": ["a"]}}}, {"name": "\ud800"})
