"""The manual of the rules, in French Markdown: one page for all of them, or one rule explained."""

from collections.abc import Sequence
from pathlib import PurePath

from audit.rules.rule import Rule

_LANGUAGES = {".py": "python", ".sh": "bash", ".toml": "toml", ".yaml": "yaml", ".service": "ini", ".xml": "xml"}

_HEAD = """\
# Les règles

<!-- Écrit par `audit rules --markdown > audit/rules/REGLES.md` ; un test le compare aux règles. -->

Une règle lit des faits et rend des constats : établi, réserve, défaut, indéterminé (avec ce qui a manqué) ou sans objet.
Le niveau de preuve est le plus faible auquel elle peut conclure ; l'import de la cible ou l'exécution le renforcent.
Chaque règle montre deux petits projets entiers : un qu'elle refuse, un qu'elle accepte. Les tests la jouent sur les deux.
"""


def manual(rules: Sequence[Rule]) -> str:
    """The whole manual: a summary by category, then each rule."""
    parts = [_HEAD, f"{len(rules)} règles.\n"]
    for category in dict.fromkeys(_category(rule) for rule in rules):
        own = [rule for rule in rules if _category(rule) == category]
        parts.append(f"## {category}\n")
        parts += [explanation(rule) for rule in own]
    return "\n".join(parts)


def explanation(rule: Rule) -> str:
    """One rule: what it asks, on what evidence, what it says, and what to do."""
    lines = [
        f"### `{rule.id}` - {rule.title}",
        "",
        f"- **Exigences** : {bears_on(rule)}",
        f"- **Niveau de preuve** : {rule.needs.french}",
        f"- **Source** : {_source(rule.reference)}",
    ]
    guide = rule.guide
    lines += [
        f"- **Gravité** : {guide.severity.value} ; impact : {guide.impact}",
        f"- **Établi** : {guide.passes}{f' ; {guide.unsought}' if guide.unsought else ''}.",
        f"- **Défaut** : {guide.fails}.",
        f"- **Indéterminé quand** : {guide.undetermined}.",
        f"- **Recommandation** : {guide.advice}.",
        "",
        f"```{guide.language}",
        guide.solution,
        "```",
    ]
    for title, files in (("Exemple refusé", rule.defective), ("Exemple accepté", rule.sound)):
        lines += ["", f"**{title}** :", *(line for name, text in files.items() for line in _quoted(name, text))]
    return "\n".join([*lines, ""])


def _quoted(name: str, text: str) -> list[str]:
    """One file of an example."""
    if not text.strip():
        return ["", f"`{name}` (vide)"]
    return ["", f"`{name}`", "", f"```{_LANGUAGES.get(PurePath(name).suffix, 'text')}", text.rstrip("\n"), "```"]


def bears_on(rule: Rule) -> str:
    """The requirements of a rule, or « bonne pratique »."""
    return ", ".join(rule.requirements) or "bonne pratique"


def _category(rule: Rule) -> str:
    return rule.category or "Observations"


def _source(reference: str) -> str:
    return f"<{reference}>" if reference.startswith("http") else reference
