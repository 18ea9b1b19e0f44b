"""What a serializer of REST framework, or a form of Django, holds once it is validated: rows, in its relations."""

import ast

from audit.model.unknown import UNKNOWN
from audit.reading.behaviour.row_objects import owner
from audit.reading.behaviour.scope import Scope, last
from audit.reading.python.abstract_values import ClassValue, External, Instance, Value, descends_from, last_name, unwrap
from audit.reading.python.classes import class_attribute, lineage

VALIDATED = frozenset({"validated_data", "cleaned_data"})
_CLASSES = ("serializer_class", "form_class")
_GIVING = frozenset({"get_serializer", "get_form"})
_RELATED = ("RelatedField", "ModelChoiceField", "ModelMultipleChoiceField")
_RELATIONS = frozenset({"ForeignKey", "OneToOneField", "ManyToManyField", "TreeForeignKey", "ParentalKey"})


def holds_rows(scope: Scope, node: ast.expr) -> bool | None:
    """Whether this is what was validated, and holds a row; None where its class does not tell, False for anything else."""
    made = scope.given(node)
    if isinstance(made, ast.Call) and last(made.func) in {"dict", "copy", "deepcopy"}:
        inner = made.args[0] if made.args else made.func.value if isinstance(made.func, ast.Attribute) else made
        made = scope.given(inner)
    only = ""
    if isinstance(made, ast.Subscript):
        only, made = str(getattr(made.slice, "value", "")), scope.given(made.value)
        if not only:
            return False
    if not isinstance(made, ast.Attribute) or made.attr not in VALIDATED:
        return False
    cls = _class_of(scope, made.value)
    if cls is None:
        return False if only else None
    found = _relations(cls)
    if found is None:
        return False if only else None
    return only in found if only else bool(found)


def _class_of(scope: Scope, holder: ast.expr) -> ClassValue | None:
    """The class of what was validated: that of the object, else the one of the view that it is given to."""
    made = scope.given(holder)
    value = unwrap(scope.evaluated(made))[0]
    if isinstance(value, Instance) and isinstance(value.cls, ClassValue):
        return value.cls
    view = owner(scope)
    given = isinstance(made, ast.Name) or (isinstance(made, ast.Call) and last(made.func) in _GIVING)
    if not given or not isinstance(view, ClassValue) or class_attribute(view, "get_serializer_class") is not UNKNOWN:
        return None
    told = (unwrap(class_attribute(view, name))[0] for name in _CLASSES)
    return next((one for one in told if isinstance(one, ClassValue)), None)


def _relations(cls: ClassValue) -> set[str] | None:
    """The fields whose validated value is a row; None where those of its model are not known."""
    found: set[str] = set()
    declared: dict[str, str] = {}
    for name in (name for one in reversed(lineage(cls)) for name in one.names):
        declared[str(name)] = _kind(class_attribute(cls, str(name)))
    found |= {name for name, kind in declared.items() if kind.endswith(_RELATED)}
    meta = unwrap(class_attribute(cls, "Meta"))[0]
    if not isinstance(meta, ClassValue):
        return None if descends_from(cls, "ModelSerializer", "HyperlinkedModelSerializer", "ModelForm") else found
    model = unwrap(class_attribute(meta, "model"))[0]
    if not isinstance(model, ClassValue):
        return None
    told = unwrap(class_attribute(meta, "fields"))[0]
    named = [*told] if isinstance(told, list | tuple) else [str(n) for one in lineage(model) for n in one.names]
    fixed = unwrap(class_attribute(meta, "read_only_fields"))[0]
    named = [n for n in named if not isinstance(fixed, list | tuple) or n not in fixed]
    kinds = {str(n): _kind(class_attribute(model, str(n))) for n in named if str(n) not in declared}
    return found | {name for name, kind in kinds.items() if kind in _RELATIONS}


def _kind(value: Value) -> str:
    made = unwrap(value)[0]
    cls = made.cls if isinstance(made, Instance) else UNKNOWN
    return last_name(cls) if isinstance(cls, External | ClassValue) else ""
