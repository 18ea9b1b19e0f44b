"""What the path of a file tells of its part in a project."""

_ASIDE = frozenset({"tests", "test", "testing", "docs", "doc", "examples", "example", "samples", "benchmarks"})


def is_test(path: str) -> bool:
    """Whether a file is a test, an example or a page of documentation rather than the program."""
    *folders, name = path.split("/")
    return not _ASIDE.isdisjoint(folders) or name.startswith("test_") or name in {"conftest.py", "tests.py"}
