"""Which files only serve tests."""

import re

_TEST_PATH = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|conftest|[^/]*_test)\.py$")


def is_test(path: str) -> bool:
    """Whether a file of the target only serves tests."""
    return _TEST_PATH.search(path) is not None
