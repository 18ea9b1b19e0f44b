"""Variables of a message: known ones whatever their spelling, others refused with the names of those that are known."""

import pytest

from system.domain.variables import VariableError, needed, variables, written


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Bonjour {{prénom}} !", "Bonjour {{prénom}} !"),
        ("{{ Prenom | cher client }}, {{NOM}}", "{{prénom|cher client}}, {{nom}}"),
        ("{{pre\u0301nom}} {{first_name}} {{Full-Name|}}", "{{prénom}} {{prénom}} {{nom complet|}}"),
        ("{{{nom}}}", "{{{nom}}}"),
        ("{ 50 % } {autre} { et }", "{ 50 % } {autre} { et }"),
    ],
)
def test_a_known_variable_is_known_by_several_spellings(typed: str, stored: str) -> None:
    assert written(typed) == stored
    assert written(stored) == stored


@pytest.mark.parametrize(
    "typed",
    ["{{ville}}", "{{}}", "{{ | x}}", "{{prénom", "prénom}}", "{prénom}", "{{pré nom}}", "{{{{nom}}}}"],
)
def test_another_is_refused_and_the_known_ones_are_named(typed: str) -> None:
    with pytest.raises(VariableError, match=r"\{\{prénom\}\}, \{\{nom\}\}, \{\{nom complet\}\}") as refused:
        written(f"Bonjour {typed}")
    assert "{{prénom}}, {{nom}}, {{nom complet}}" in refused.value.french


def test_a_variable_without_a_default_needs_a_value() -> None:
    assert needed("{{nom|}} {{prénom|x}}", "rien") == ()
    assert needed("{{nom|x}} {{nom}}", "{{prénom}} {{prénom}}") == ("prénom", "nom")
    assert [str(each) for each in variables("a {{nom}} {{prénom|x}} {{ville}}")] == ["{{nom}}", "{{prénom|x}}"]
