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
        ("import datetime as d\nif hasattr(d, 'UTC'):\n    x = d.datetime.utcnow()", 3),
        ("import datetime as d\ndef f(row):\n    return row.at if hasattr(row, 'at') else d.datetime.utcnow()", 3),
        ("from distutils.util import strtobool", 1),
        ("import distutils.version as v", 1),
        ("import imp", 1),
        ("import os, imghdr as kinds", 1),
        ("def f():\n    from cgi import parse_header", 2),
        ("import importlib\nx = importlib.import_module('telnetlib')", 2),
        ("from pkg_resources import EntryPoint, iter_entry_points", 1),
        ("from django.utils.translation import ugettext as _", 1),
        ("def f():\n    from django.utils.encoding import smart_text", 2),
        ("from django.conf.urls import include, url", 1),
        ("from django.conf import urls\nurlpatterns = [urls.url('x', v)]", 2),
        ("from django.http import HttpResponse\ndef view(request):\n    return request.is_ajax()", 3),
        ("import django.http\nclass V:\n    def get(self):\n        if self.request.is_ajax():\n            pass", 4),
        ("from django.utils.http import is_safe_url", 1),
        ("from django.utils import http\nx = http.urlquote('a')", 2),
        ("from django.db import models\nclass A(models.Model):\n    ok = models.NullBooleanField()", 3),
        ("from django.db.models import NullBooleanField", 1),
        ("from django.dispatch import Signal\ndone = Signal(providing_args=['x'])", 2),
        ("import django.dispatch as d\ndone = d.Signal(providing_args=['x'])", 2),
        ("from django.contrib.postgres.fields import ArrayField, JSONField", 1),
        ("from django.contrib.postgres.fields.jsonb import KeyTransform", 1),
        ("from django.utils.six import text_type", 1),
        ("from django.utils import six", 1),
        ("from django.utils import timezone\nx = timezone.utc", 2),
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
        "import datetime as d\nx = d.datetime.now(d.UTC) if hasattr(d, 'UTC') else d.datetime.utcnow()",
        "import datetime as d\nif not hasattr(d, 'UTC'):\n    x = d.datetime.utcnow()",
        "import sys, datetime as d\nif sys.version_info >= (3, 11):\n    y = 1\nelse:\n    x = d.datetime.utcnow()",
        "try:\n    from importlib import metadata\nexcept ImportError:\n    import pkg_resources",
        "from .distutils import strtobool",
        "from .imp import load",
        "import importlib\nimp = importlib.import_module('chunks')",
        "try:\n    import imghdr\nexcept ImportError:\n    imghdr = None",
        "from django.utils.translation import gettext as _",
        "from django.conf.urls import include",
        "from django import forms\nok = forms.NullBooleanField()",
        "from django.db import models\nok = models.JSONField()",
        "from django.dispatch import Signal\ndone = Signal()",
        "import django\ndef f(page):\n    return page.is_ajax()",
        "import django\ndefault_app_config = 'a.B'",
    ],
)
def test_what_is_not_deprecated(collect_tree: Collect, text: str) -> None:
    assert collect_tree({"p.py": text}).deprecations == ()
