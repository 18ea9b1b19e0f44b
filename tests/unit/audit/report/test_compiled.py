from pathlib import Path

from jinja2 import FileSystemBytecodeCache

from audit.report import compiled_templates as compiled
from audit.report.compiled_templates import compiled_templates


def test_compiled_templates_lie_beside_the_templates_only() -> None:
    cache = compiled_templates()
    assert isinstance(cache, FileSystemBytecodeCache)
    assert Path(cache.directory) == Path(compiled.__file__).parent / "templates" / "__pycache__"
