"""What the signature of a function says: the names of its parameters, those given by their place, their defaults."""

import ast


def parameters_of(spec: ast.arguments) -> list[str]:
    """The names of all parameters, `*` and `**` apart."""
    return [a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]


def spread_of(spec: ast.arguments) -> list[str]:
    """The names of those that take all that is left: `*` and `**`."""
    return [one.arg for one in (spec.vararg, spec.kwarg) if one]


def placed(spec: ast.arguments) -> list[str]:
    """The names of those that a call may give by their place; a method's own object is given by none."""
    names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
    return names[names[:1] in (["self"], ["cls"]) :]


def defaults_of(spec: ast.arguments) -> dict[str, ast.expr]:
    """The default of each parameter that has one."""
    names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
    found = dict(zip(reversed(names), reversed(spec.defaults), strict=False))
    return found | {a.arg: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
