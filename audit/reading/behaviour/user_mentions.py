"""What in a function speaks of a logged-in person."""

import ast
import re
from collections.abc import Iterator, Mapping

from audit.model.user_names import is_user, words
from audit.reading.python.abstract_values import ClassValue, Instance, ModuleValue, Value, unwrap
from audit.reading.python.child_nodes import walk
from audit.reading.python.classes import class_attribute
from audit.reading.python.interpreter import Machine

# A name made of these only is that of the person logged in, not of a column, a reply or a database's account.
_PERSON = frozenset({"admin", "oauth2", "user"})
_ACCESS = _PERSON | frozenset(
    {"active", "auth", "authenticated", "check", "current", "fetch", "from", "get", "id", "in", "is", "jwt", "load"}
    | {"logged", "login", "me", "or", "require", "required", "session", "token", "verify"}
)
_COLUMNS = frozenset({"user_id", "admin_id"})
_STATEMENT = re.compile(r"(?i)\b(?:select|update|delete)\b.*\b(?:from|set|join)\b", re.DOTALL)
# Who is logged in, as a statement asks for it: the table of sessions or of accounts, or what PostgREST and Supabase give.
_TABLES = re.compile(
    r"(?i)\b(from|join)\s+(?:only\s+)?[\"`\[]?(?:\w+[\"`]?\.[\"`]?)?"
    r"((?:user_|auth_|login_|web_|admin_|active_|account_|django_)?(?:sessions?|users?|logins?|admins?))\b"
)
_ASKED = re.compile(r"(?i)\bauth\.(?:uid|jwt|role)\(\)|\brequest\.jwt\b")
_LOG_METHODS = frozenset({"critical", "debug", "error", "exception", "info", "log", "warning"})


def _is_person(name: str) -> bool:
    found = words(name)
    # A mail server has a login, a signed body a JWT: only one that is required is a person's.
    return found <= _ACCESS and bool(found & _PERSON or (found & {"require", "required"} and is_user(name)))


def mentions_of(machine: Machine, symbol: str, tree: ast.AST) -> tuple[str, ...]:
    """What a function says of a user; the constants that it names are read too."""
    return user_mentions(tree, dict(_constants(machine, symbol, tree)))


def _constants(machine: Machine, symbol: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts that names stand for: of the module, of a module that it imports, or of the class; by node."""
    module, _, qualified = symbol.partition(":")
    names = machine.module_names(module)
    owner = qualified.rpartition(".")[0].partition(".<locals>")[0]
    for node in walk(tree):
        value: Value = None
        if isinstance(node, ast.Name):
            value = names.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            held = unwrap(names.get(node.value.id))[0]
            if node.value.id in {"self", "cls"} and owner:
                held = unwrap(machine.resolve(f"{module}:{owner}"))[0]
            value = _member(machine, held, node.attr)
        if text := _text(value):
            yield id(node), text


def _member(machine: Machine, held: Value, name: str) -> Value:
    if isinstance(held, ModuleValue) and held.name in machine.project.modules:
        return machine.module_names(held.name).get(name)
    return class_attribute(held, name) if isinstance(held, ClassValue) else None


def _text(value: Value) -> str:
    """A text, or the one inside `text("SELECT …")`."""
    value = unwrap(value)[0]
    if isinstance(value, Instance) and len(value.arguments) == 1:
        value = unwrap(value.arguments[0])[0]
    return value if isinstance(value, str) else ""


def user_mentions(tree: ast.AST, texts: Mapping[int, str] | None = None) -> tuple[str, ...]:
    """Identifiers of a function, and words of its strings, that speak of a user.

    Comments and docstrings do not count, nor do the texts and columns that are only logged. `texts`: what constants hold, by the
    node that names them.
    """
    silent = {id(node.value) for node in walk(tree) if isinstance(node, ast.Expr)}
    logged = {id(node) for call in walk(tree) if _logs(call) for node in walk(call)}
    found: list[str] = []
    for node in walk(tree):
        if id(node) not in logged and id(node) not in silent:
            found += _columns(node)
            found += _written((texts or {}).get(id(node), ""))
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            found += [name] if name not in _COLUMNS and _is_person(name) else []
        found += _session(node)
    return tuple(dict.fromkeys(found))


def _columns(node: ast.AST) -> list[str]:
    """The names of a user's columns that this node writes, alone."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _written(node.value)
    if isinstance(node, ast.Name | ast.Attribute | ast.keyword | ast.arg):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else node.arg
        return [name] if name in {"current_user", *_COLUMNS} else []
    return []


def _written(text: str) -> list[str]:
    """What a text asks for: a user's columns, and of a statement the tables that it reads."""
    found = re.findall(r"\b(?:current_user|user_id|admin_id)\b", text)
    if _STATEMENT.search(text):
        found += [f"{verb.upper()} {table}" for verb, table in _TABLES.findall(text)]
    return found + _ASKED.findall(text)


def _session(node: ast.AST) -> list[str]:
    """A web session consulted or required, as Starlette writes it: `request.session`, `requires("authenticated")`."""
    if isinstance(node, ast.Attribute) and node.attr == "session" and getattr(node.value, "id", "") == "request":
        return ["request.session"]
    if isinstance(node, ast.Call) and "requires" in {getattr(node.func, "id", ""), getattr(node.func, "attr", "")}:
        scopes = [n.value for a in node.args for n in walk(a) if isinstance(n, ast.Constant)]
        return ["requires"] if "authenticated" in scopes else []
    return []


def _logs(node: ast.AST) -> bool:
    """Whether this is a call such as `logger.info(...)` or `self._log.warning(...)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _LOG_METHODS:
        return False
    holder = node.func.value
    name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
    return "log" in str(name).lower()
