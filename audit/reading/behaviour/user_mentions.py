"""What in a function speaks of a logged-in person."""

import ast
import re

from audit.model.user_names import is_user, words

# A name made of these only is that of the person logged in, not of a column, a reply or a database's account.
_PERSON = frozenset({"admin", "oauth2", "user"})
_ACCESS = _PERSON | frozenset(
    {"active", "auth", "authenticated", "check", "current", "fetch", "from", "get", "id", "in", "is", "jwt", "load"}
    | {"logged", "login", "me", "or", "require", "required", "session", "token", "verify"}
)
_COLUMNS = frozenset({"user_id", "admin_id"})
_LOG_METHODS = frozenset({"critical", "debug", "error", "exception", "info", "log", "warning"})


def _is_person(name: str) -> bool:
    found = words(name)
    # A mail server has a login, a signed body a JWT: only one that is required is a person's.
    return found <= _ACCESS and bool(found & _PERSON or (found & {"require", "required"} and is_user(name)))


def user_mentions(tree: ast.AST) -> tuple[str, ...]:
    """Identifiers of a function, and words of its strings, that speak of a user.

    Comments and docstrings do not count, nor do the texts and columns that are only logged.
    """
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    logged = {id(node) for call in ast.walk(tree) if _logs(call) for node in ast.walk(call)}
    found: list[str] = []
    for node in ast.walk(tree):
        if id(node) not in logged and id(node) not in silent:
            found += _columns(node)
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            found += [name] if name not in _COLUMNS and _is_person(name) else []
        found += _session(node)
    return tuple(dict.fromkeys(found))


def _columns(node: ast.AST) -> list[str]:
    """The names of a user's columns that this node writes, alone."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.findall(r"\b(?:current_user|user_id|admin_id)\b", node.value)
    if isinstance(node, ast.Name | ast.Attribute | ast.keyword | ast.arg):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else node.arg
        return [name] if name in {"current_user", *_COLUMNS} else []
    return []


def _session(node: ast.AST) -> list[str]:
    """A web session consulted or required, as Starlette writes it: `request.session`, `requires("authenticated")`."""
    if isinstance(node, ast.Attribute) and node.attr == "session" and getattr(node.value, "id", "") == "request":
        return ["request.session"]
    if isinstance(node, ast.Call) and "requires" in {getattr(node.func, "id", ""), getattr(node.func, "attr", "")}:
        scopes = [n.value for a in node.args for n in ast.walk(a) if isinstance(n, ast.Constant)]
        return ["requires"] if "authenticated" in scopes else []
    return []


def _logs(node: ast.AST) -> bool:
    """Whether this is a call such as `logger.info(...)` or `self._log.warning(...)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _LOG_METHODS:
        return False
    holder = node.func.value
    name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
    return "log" in str(name).lower()
