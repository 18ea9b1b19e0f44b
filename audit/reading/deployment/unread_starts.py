"""Starts of Celery in files that no reader follows: each hides a process from the rules, and is named."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatch

from audit.model.facts import Process
from audit.model.test_files import STARTED_FOR_TESTS
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.file_templates import plain_name
from audit.reading.deployment.process_kinds import kind_of, may_be_one
from audit.reading.source_files import Tree
from audit.target.regular_files import RefusedError, read_bytes

# Formats of deployments, of settings, of scripts.
_READ = re.compile(
    r"(?i)\.(json|json5|jsonnet|jsonc|tf|tfvars|hcl|nomad|toml|ya?ml|ini|conf|cfg|config|cnf|container|pod|kube|service|"
    r"plist|sls|pp|nix|cue|sh|bash|zsh|fish|ps1|bat|cmd|rb|upstart|init|cron|crontab|monit|monitrc|env|bicep|xml)$"
    r"|(^|/)(ecosystem|pm2|cdk|pulumi|sst|serverless)[^/]*\.[cm]?[jt]s$|\.config\.[cm]?js$|(^|/)(crontab|jenkinsfile)[^/.]*$|(^|/)(cron|init)\.d/|(^|/)\.env[^/]*$"
)
# What is for a desk, for the tools of a project, or for its readers.
_LEFT = re.compile(
    r"(?i)(^|/)(makefile|gnumakefile|justfile|taskfile[^/]*|package(-lock)?\.json|pyproject\.toml|setup\.cfg|tox\.ini|"
    r"pytest\.ini|noxfile[^/]*|vagrantfile|tiltfile|procfile\.[^/]+|readme|license|changelog|mkdocs\.ya?ml|codecov\.ya?ml|"
    r"audit\.toml|[^/]*\.(code-workspace))$|(^|/)(\.vscode|\.idea|\.devcontainer|\.git|\.kiro|node_modules|docs?|examples?|samples?|"
    r"demos?|tutorials?|benchmarks?|fixtures|locales?)/|(^|/)[^/]*(example|sample|schema)[^/]*$"
)
_DEVELOPMENT = frozenset({"testing", "dev", "devel", "local", "development"})
_JOBS = re.compile(
    r"(?i)(^|/)(\.github/workflows|\.circleci|\.woodpecker|\.drone|\.buildkite)|gitlab-ci|jenkinsfile|azure-pipelines|bitbucket-pipelines|travis"
)
_DEPLOYS = re.compile(r"(?i)deploy|release|\bprod|\bssh\b|\bkubectl\b|\bnohup\b")
# Signs that write a list of words, or a value, in some format.
_SIGNS = re.compile(r"[\"'`,\[\]{}()]|\\n|(?<![\w-])(?:args|argv|arguments|cmd|command|exec|params)\s*(?:[:=]|=>)")
_OPTION = r"\s+-{1,2}[A-Za-z](?:[\w-]|[^\S\n]*=[^\S\n]*)?\S*(?:\s+[\w.:$@%/<>-]*[\w>])?"
_START = re.compile(
    rf"(?<![\w.@-])(?:[\w.$~/-]*/)?celery\b(?![-_.\w/])(?:(?:{_OPTION}){{1,8}}\s+(?:worker|beat|multi\s+(?:re)?start)\b|\s+(?:worker|beat)(?=\s+-)|\s+multi\s+(?:re)?start\b)"
)
# A line, or a command, that only speaks of one.
_SPOKEN = re.compile(r"(?i)^\s*(?:[-+*]\s+)?(?:#|//|;|--\s|<!--|rem\b)|\b(?:description|help|summary|title)\W*[:=]")
_SAID = re.compile(r"\b(?:echo|printf|pkill|pgrep|grep|killall|log_\w+)\b[^;&|\n]*")
_FUNCTION = re.compile(r"^\s*(?:function\s+)?([\w-]+)\s*\(\s*\)|^\s*function\s+([\w-]+)")
_DISPATCH = re.compile(r"(?m)^\s*(?:exec\s+)?\"?\w*\$\{?[@*1]")
# The unit that a script makes of a model, once for each program.
_MADE = re.compile(r"(?m)^ExecStart=\S*[@_]{1,2}[A-Z]+[@_]{1,2}\S*\s*$")
_DROP_IN = re.compile(r"\.d/[^/]+\.conf$")
_LONGEST = 400_000


def unread_starts(tree: Tree, kinds: Mapping[str, str], found: Sequence[Process]) -> Iterator[tuple[str, str]]:
    """The files that start Celery where no process was read, with the reason in French.

    `kinds`: those of the files that are read. One of a format of its own leaves nothing; a shell may hand a text to anything.
    """
    known = {(e.path, n) for p in found for e in (p.excerpt, p.code) if e for n in range(e.first_line, e.last_line + 1)}
    scripts = {path: _text(tree, path) for path, kind in kinds.items() if kind == "shell"}
    for path in tree.paths:
        if plain_name(path) != path and _MADE.search(_text(tree, path)):
            yield path, "fichier de processus qui lance un programme dont le nom est composé"
        read = kinds.get(path, "") not in {"", "shell"}
        if _DROP_IN.search(path) and _DROP_IN.sub("", path) in tree.paths:
            # Read with its unit.
            continue
        if read or not _READ.search(plain_name(path)) or _LEFT.search(path) or _is_for_tests(path):
            continue
        text = scripts[path] if path in scripts else _text(tree, path)
        starts = _starts(text, path) if "celery" in text else ()
        called = (n for n in starts if path not in scripts or not _is_called(text, n, scripts.values()))
        number = next((n for n in called if (path, n) not in known), 0)
        if number:
            yield path, f"fichier de processus d'un format que l'audit ne lit pas, qui lance Celery à sa ligne {number}"


def unnamed_starts(around: Around, declared: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The files that start a worker or beat and that the target file does not name, with the reason in French.

    Its author chose the others: these are told, and no rule doubts for them.
    """
    for path in around.tree.paths:
        named = any(fnmatch(path, glob) for glob in declared)
        source = around.source(path) if may_be_one(path) and plain_name(path) == path and not named else None
        if (
            source
            and not _is_for_tests(path)
            and kind_of(source, declared=False)
            and next(iter(_starts(source.text, path)), 0)
        ):
            yield path, "fichier de démarrage que la description de la cible ne nomme pas"


def _is_called(text: str, number: int, scripts: Collection[str]) -> bool:
    """Whether a line is of a function that a script calls: what it starts is told where it is called."""
    for line in text.split("\n")[number - 1 :: -1]:
        named = _FUNCTION.match(line)
        if named:
            name = re.escape(named[1] or named[2])
            called = re.compile(rf"(?m)(?:^|[;&|(]|\b(?:then|do|else|exec)\b)\s*{name}(?!\s*\(|[\w-])")
            return bool(_DISPATCH.search(text)) or any(called.search(one) for one in scripts)
        if line.startswith("}"):
            return False
    return False


def _is_for_tests(path: str) -> bool:
    named = set(re.split(r"[^a-z0-9]+", re.sub(r"(?i)gitlab-ci|\.circleci", "", path).lower()))
    return bool((STARTED_FOR_TESTS | _DEVELOPMENT) & named)


def _text(tree: Tree, path: str) -> str:
    try:
        content = read_bytes(tree.root / path)
    except (RefusedError, OSError):
        return ""
    # One that no editor opens is of no deployment.
    return "" if len(content) > _LONGEST or b"\0" in content else content.decode("utf-8", "replace")


def _starts(text: str, path: str) -> Iterator[int]:
    """The lines where a command starts a worker or beat."""
    lines = text.split("\n")
    plain = "\n".join("" if _SPOKEN.search(line) else _blank(line) for line in lines)
    for start in _START.finditer(plain):
        number = plain.count("\n", 0, start.start()) + 1
        if not _JOBS.search(path) or _is_deployed(path, lines, number):
            yield number


def _blank(line: str) -> str:
    said = _SAID.sub("", line.rstrip("\\"))
    return re.sub(r"^(\s*)- ", r"\1  ", _SIGNS.sub(lambda m: " " * len(m.group()), said))


def _is_deployed(path: str, lines: Sequence[str], number: int) -> bool:
    """Whether the job of a pipeline that holds a line deploys, by its name, its file's, or its own commands."""
    heads = [n for n, line in enumerate(lines[:number], 1) if re.match(r"\s{0,2}[\w-]+:\s*(#.*)?$", line)]
    job = lines[heads[-1] - 1 : number] if heads else lines[:number]
    return bool(_DEPLOYS.search(path) or _DEPLOYS.search("\n".join(job)))
