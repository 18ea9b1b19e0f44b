"""Deprecated uses of pydantic and datetime."""

import pytest

from tests.unit.audit.reading.collecting import Collect


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("from pydantic import BaseModel\nclass A(BaseModel):\n    class Config:\n        extra = 'x'", 3),
        ("from pydantic_settings import BaseSettings as B\nclass A(B):\n    class Config:\n        extra = 'x'", 3),
        ("import pydantic\nclass Base(pydantic.BaseModel): ...\nclass A(Base):\n    class Config: ...", 4),
        (
            "from pydantic import BaseModel, validator\nclass A(BaseModel):\n    @validator('x')\n    def v(cls, x): ...",
            3,
        ),
        ("import datetime as d\nx = d.datetime.utcnow()", 2),
        ("from datetime import datetime\nx = datetime.utcnow()", 2),
    ],
)
def test_a_deprecated_use(collect_tree: Collect, text: str, line: int) -> None:
    (found,) = collect_tree({"p.py": text}).deprecations
    assert found.excerpt is not None
    assert found.excerpt.first_line == line
    assert "dépréci" in found.what
    assert found.replacement


@pytest.mark.parametrize(
    "text",
    [
        "class A:\n    class Config: ...",
        "from pydantic import BaseModel, ConfigDict\nclass A(BaseModel):\n    model_config = ConfigDict()",
        "from pydantic import BaseModel, field_validator\nclass A(BaseModel):\n    @field_validator('x')\n    def v(cls, x): ...",
        "def validator(f): ...\nclass A:\n    @validator\n    def v(cls): ...",
        "from datetime import UTC, datetime\nx = datetime.now(UTC)",
        "x = clock.utcnow()",
    ],
)
def test_what_is_not_deprecated(collect_tree: Collect, text: str) -> None:
    assert collect_tree({"p.py": text}).deprecations == ()
