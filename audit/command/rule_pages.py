"""What `audit rules` prints."""

from difflib import get_close_matches

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Column, Table

from audit.rules import every_rule
from audit.rules.manual import bears_on, explanation, manual
from audit.rules.third_party import third_party_rules


class UnknownRuleError(Exception):
    """No rule has this id; the message is one English line for the user."""


def print_manual() -> None:
    """The manual of this package's rules, as Markdown, on standard output."""
    typer.echo(manual(every_rule()), nl=False)


def list_rules() -> None:
    """A table of every rule, those of other packages last; in a pipe, one line a rule, its cells between tabs."""
    rules = (*every_rule(), *third_party_rules())
    rows = [(rule.id, bears_on(rule), rule.guide.severity.value, rule.needs.french, rule.title) for rule in rules]
    console = Console()
    if not console.is_terminal:
        typer.echo("\n".join(map("\t".join, rows)))
        return
    whole = max(len(rule.id) for rule in rules)
    table = Table(Column("Rule", min_width=whole), "Bears on", "Severity", "Evidence", "What it asks", box=None)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print("`audit rules ID` explains one.", highlight=False, markup=False)


def explain(identifier: str) -> None:
    """One rule. Raises UnknownRuleError, with the nearest id."""
    rules = {rule.id: rule for rule in (*every_rule(), *third_party_rules())}
    if identifier not in rules:
        close = get_close_matches(identifier, rules, n=1)
        hint = f"did you mean {close[0]}?" if close else "`audit rules` lists them"
        raise UnknownRuleError(f"unknown rule {identifier!r}; {hint}")
    Console().print(Markdown(explanation(rules[identifier])))
