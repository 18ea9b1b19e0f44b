"""Secrets that deployment files hold in full: variables of containers, Secrets of Kubernetes, values of charts, images."""

import base64
import re
from collections.abc import Iterator

from audit.model.observations.observation import Observation
from audit.model.observations.secrets_and_certificates import HardcodedSecret, ReadDeployment
from audit.reading.behaviour.secret_values import (
    is_literal_secret,
    is_private_key,
    issued_key,
    known_shape,
    plain_secret,
)
from audit.reading.behaviour.secrets import host_of_a_password
from audit.reading.deployment.file_templates import plain_name
from audit.reading.source_files import Source, Tree, read_text

_FILES = re.compile(
    r"(?i)(^|/)((docker|container)file[^/]*|[^/]*\.dockerfile|procfile[^/]*|makefile|[^/]*\.(ya?ml|sh|bash|service|conf|ini|toml|cfg|properties|tf|tfvars|hcl|nomad)|[^/]*(task[-_]?def|ecs|containers?|config|settings|secrets?|credentials?)[^/]*\.json)$"
)
# What tests, a developer's machine or a document start, and files that somebody fills, hold nobody's secret.
_ASIDE = re.compile(
    r"(?i)(^|[/_.-])(dev|devel|development|tests?|testing|local|sandbox|ci|e2e|fixtures?|docs?|examples?|samples?|dist|templates?|"
    r"exemples?|modeles?|github|gitlab|circleci|override|testutils|cassettes|node_modules)([/_.-]|$)"
)
_SEALED = re.compile(r"kind:\s*SealedSecret|ENC\[AES256|^\$ANSIBLE_VAULT|^sops:", re.MULTILINE)
_GIVEN = re.compile(
    r"^\s*(?:-\s+|export\s+|ENV\s+|ARG\s+|Environment=|environment\s*=\s*)*[\"']?(?P<name>[A-Za-z][\w.-]*)[\"']?\s*(?::|=|\s(?=\S+$))\s*"
    r"(?:!!str\s+)?[\"']?(?P<value>[^\s\"',#]\S*?)[\"']?,?(?:\s+#.*)?$"
)
# `ENV A=1 B=2 \`, `docker run -e A=1`, `--set a=1`; one entry of a task definition.
_PAIR = re.compile(r"(?<![\w/.?&-])(?P<name>[A-Za-z][\w.]*)=[\"']?(?P<value>[^\s\"',\\;)]+)")
_ENTRY = re.compile(r"\"name\":\s*\"(?P<name>\w+)\",\s*\"value\":\s*\"(?P<value>[^\"]+)\"")
# The login that a request is given: `curl -u user:password`.
_LOGIN = re.compile(r"(?<!\S)(?:-u|--user)[ =]?[\"']?[\w.@-]+:(?P<value>[^\s\"':$]{6,})")
_NAMED = re.compile(r"^\s*-?\s*name:\s*[\"']?(?P<name>\w+)[\"']?\s*$")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.\-]*://[^\s\"'<>]+", re.IGNORECASE)
_WORD = re.compile(r"[\w\-./+=]{20,}")
_GENERATED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{10,}")
_COMMENTS = ("#", "//", ";")
# `ENV A=1 B="two words" \`, and `ENV NAME value` as it was written first: an image carries both wherever it runs.
_ENV = re.compile(r"\s*ENV\s+(?:(?P<name>\w+)\s+(?P<value>[^=\s].*))?", re.IGNORECASE)
_OF_IMAGE = re.compile(r"(?<!\S)(?P<name>\w+)=(?P<value>\"[^\"]*\"|'[^']*'|[^\s\\]+)")
_SETTING = re.compile(r"\s*(?P<name>\w+)\s*=\s*(?P<value>[^\s$].*)")
_LEAST_KEY = 16


def deployed_secrets(tree: Tree) -> Iterator[Observation]:
    """HardcodedSecret of each deployment file, and ReadDeployment: how many there are."""
    read, aside = 0, list[str]()
    for path in tree.paths:
        if not _FILES.search(plain_name(path)):
            continue
        # A folder of templates holds what is deployed, where its files are made into others.
        named = path if plain_name(path) == path else path.replace("templates/", "")
        if _ASIDE.search(named):
            aside.append(path)
            continue
        source = read_text(tree, path)
        if source is not None:
            read += 1
            yield from () if _SEALED.search(source.text) else _of_file(source)
    if read or aside:
        yield ReadDeployment("", None, read, tuple(aside))


def _of_file(source: Source) -> Iterator[HardcodedSecret]:
    if is_private_key(source.text):
        first = source.text.count("\n", 0, source.text.index("PRIVATE KEY-----")) + 1
        yield HardcodedSecret("", None, "une clé privée", source.path, first)
    encoded, before = "kind: Secret" in source.text, ""
    for number, line in enumerate(source.lines, 1):
        if not line.lstrip().startswith(_COMMENTS) and (what := _told(line, before, encoded=encoded)):
            yield HardcodedSecret("", None, what, source.path, number)
        before = line
    yield from _words(source)


def _words(source: Source) -> Iterator[HardcodedSecret]:
    """Passwords and keys that were not drawn, in an image, in a recipe of buildout, or as long as a key: the deployment may change them."""
    path, carried, before = plain_name(source.path).lower(), False, ""
    image, recipe = "dockerfile" in path or "containerfile" in path, path.endswith(".cfg")
    for number, line in enumerate(source.lines, 1):
        if line.lstrip().startswith(_COMMENTS):
            continue
        env = _ENV.match(line) if image else None
        carried = env is not None or (carried and bool(before.rstrip().endswith("\\")))
        before = line
        old = [env] if env and env["name"] else []
        found = old or ([*_OF_IMAGE.finditer(line)] if carried else [*filter(None, [_SETTING.match(line)])])
        for one in () if image and not carried else found:
            name, value = one["name"].lower(), one["value"].strip().strip("\"'")
            plain = plain_secret(name, value) and not _is_one(name, value)
            if plain and (carried or recipe or (len(value) >= _LEAST_KEY and " " not in value)):
                only = "un mot, si le déploiement ne le change pas"
                yield HardcodedSecret("", None, f"`{one['name']}`", source.path, number, only)


def _told(line: str, before: str, *, encoded: bool) -> str:
    """What a line gives away; empty for nothing. `before`: the line that may name what a list of Kubernetes gives."""
    if any(host_of_a_password(found) for found in _ADDRESS.findall(line)):
        return "une adresse avec son mot de passe"
    given = _GIVEN.match(line)
    if given:
        named = _NAMED.match(before) if given["name"] == "value" else None
        name, value = (named or given)["name"], given["value"]
        if _is_one(name, value) or (encoded and _is_one(name, _decoded(value))):
            return f"`{name}`"
    for pair in (*_PAIR.finditer(line), *_ENTRY.finditer(f"{before.strip()} {line.strip()}")):
        if _is_one(pair["name"], pair["value"]):
            return f"`{pair['name']}`"
    login = _LOGIN.search(line) if "curl" in line or "wget" in line else None
    if login and _is_one("password", login["value"]):
        return "le mot de passe d'une requête"
    return "la clé d'un service" if any(map(issued_key, _WORD.findall(line))) else ""


def _is_one(name: str, value: str) -> bool:
    """Whether a value was generated, and is a secret under this name; a word is as often one's own machine's."""
    return bool(known_shape(value) or _GENERATED.match(value)) and is_literal_secret(name.lower(), value, own=False)


def _decoded(value: str) -> str:
    """What a Secret of Kubernetes holds in base64."""
    try:
        return base64.b64decode(value, validate=True).decode("ascii").strip()
    except ValueError:
        return ""
