"""Importing what the target names, and saying in French why it could not be."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from typing import Any


class LoadingError(Exception):
    """Something of the target could not be imported or built; the message is a French sentence."""


def load(name: str, key: str, root: Path) -> Any:
    """The object `module:attribute` that the key of the target file names. Raises LoadingError."""
    module_name, colon, attribute = name.partition(":")
    if not colon or not module_name or not attribute:
        raise LoadingError(f"`{key}` vaut « {name} » : la forme attendue est « module:attribut ».")
    value: Any = import_module(module_name, key, root)
    for part in attribute.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise LoadingError(f"Le module « {module_name} » n'a pas d'attribut « {attribute} » (`{key}`).") from None
        except BaseException as error:  # noqa: BLE001 - a module-level __getattr__ is the target's code
            raise LoadingError(f"La lecture de « {name} » a échoué : {cause(error, root)}.") from None
    return value


def import_module(name: str, key: str, root: Path) -> Any:
    """Import a module of the target. Raises LoadingError, whatever the import raised."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name == missing or name.startswith(f"{missing}."):
            raise LoadingError(f"Le module « {missing} » de `{key}` est introuvable dans « {root} ».") from None
        raise LoadingError(
            f"L'import de « {name} » a échoué : le module « {missing} » manque à l'interpréteur{_place(error, root)}."
        ) from None
    except BaseException as error:  # noqa: BLE001 - exit() and Ctrl-C included: it is the target's code
        raise LoadingError(f"L'import de « {name} » a échoué : {cause(error, root)}.") from None


def cause(error: BaseException, root: Path) -> str:
    """What went wrong and where in the target, in a few French words without a final stop."""
    return f"{_reason(error)}{_place(error, root)}"


def _reason(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"le code a appelé exit({'' if error.code is None else _first_line(error.code)})"
    if isinstance(error, KeyError) and _raised_by_environ(error):
        return f"la variable d'environnement « {error.args[0]} » n'est pas définie"
    missing = _missing_settings(error)
    if missing:
        return f"des réglages obligatoires manquent dans l'environnement : {', '.join(missing)}"
    text = _first_line(error.msg if isinstance(error, SyntaxError) else error)
    return f"{type(error).__name__}{f' : {text}' if text else ''}"


def _raised_by_environ(error: KeyError) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].name == "__getitem__" and frames[-1].filename.endswith(("os.py", "<frozen os>"))


def _missing_settings(error: BaseException) -> list[str]:
    """Names of the required fields without a value in a validation error of Pydantic settings; empty for any other error."""
    if type(error).__name__ != "ValidationError" or not hasattr(error, "errors"):
        return []
    problems = error.errors()
    if any(problem.get("type") not in {"missing", "value_error.missing"} for problem in problems):
        return []
    return [".".join(str(part) for part in problem["loc"]) for problem in problems]


def _first_line(value: object) -> str:
    try:
        lines = str(value).strip().splitlines()
    except Exception:  # noqa: BLE001 - a stranger's __str__
        return type(value).__name__
    return lines[0].rstrip(". ")[:300] if lines else ""


def _place(error: BaseException, root: Path) -> str:
    """Deepest line of the target's own code on the way to the error, with a space before it; empty when there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        frames = [(error.filename, error.lineno or 0)]
    else:
        frames = [(f.filename, f.lineno or 0) for f in traceback.extract_tb(error.__traceback__)]
    for filename, line in reversed(frames):
        path = Path(filename)
        if root in path.parents and "site-packages" not in path.parts:
            return f" ({path.relative_to(root).as_posix()}, ligne {line})"
    return ""
