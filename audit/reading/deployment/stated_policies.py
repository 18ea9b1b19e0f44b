"""What files say of a Redis that others start: a client's `CONFIG SET`, Terraform, values of a chart, a configuration by itself."""

import re
from collections.abc import Collection, Iterator
from posixpath import basename

from audit.model.observations.deployment_statements import BrokerService
from audit.reading.deployment.server_commands import is_of_tests
from audit.reading.source_files import Source, Tree, read_text

_FILES = re.compile(
    r"(?i)\.(tf|tfvars|hcl|ya?ml|json|conf|j2|tmpl|tpl|toml|sh|bash|env|service)$|(^|/)(makefile|dockerfile|procfile)[^/]*$"
)
# `maxmemory-policy allkeys-lru`, `"maxmemory-policy": "allkeys-lru"`, `maxmemory_policy = "…"`, `name = "maxmemory-policy"` then `value = "…"`.
_POLICY = re.compile(
    r"(?i)maxmemory[-_]?policy[\"']?(?:\s*[,;]?\s*(?:value)?\s*[:=]?\s*)[\"']?(?P<policy>(?:allkeys|volatile|no)[-_]?(?:lru|lfu|random|ttl|eviction))"
)
_HOST = re.compile(r"\b(?:redis|valkey)-cli\b.*?\s-h\s+(?P<host>[\w.-]+)")


def stated_policies(tree: Tree, read: Collection[str]) -> Iterator[BrokerService]:
    """The policies that files other than those `read` already state, one of each file; their server's bound is not known."""
    rendered = {basename(path) for path in read}
    for path in tree.paths:
        # What a template makes is read where it stands.
        if path in read or re.sub(r"\.(j2|tmpl|tpl)$", "", basename(path)) in rendered - {basename(path)}:
            continue
        if not _FILES.search(path) or is_of_tests(path):
            continue
        source = read_text(tree, path)
        if source is not None and "maxmemory" in source.text.lower():
            yield from _of_file(source)


def _of_file(source: Source) -> Iterator[BrokerService]:
    text = "\n".join("" if line.lstrip().startswith(("#", "//")) else line for line in source.lines)
    for found in _POLICY.finditer(text):
        first = text.count("\n", 0, found.start()) + 1
        line = source.lines[first - 1]
        host = _HOST.search(line)
        names = (host["host"],) if host else ("localhost", "127.0.0.1") if "-cli" in line else (source.path,)
        excerpt = source.excerpt(first, text.count("\n", 0, found.end()) + 1, "text")
        yield BrokerService("", excerpt, names, found["policy"].lower().replace("_", "-"), limited=True)
