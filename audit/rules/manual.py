"""The manual of the rules, in French Markdown: one page for all of them, or one rule explained."""

from collections.abc import Sequence

from audit.rules.rule import Rule

_HEAD = """\
# Les règles

<!-- Écrit par `audit rules --markdown > audit/rules/REGLES.md` ; un test le compare aux règles. -->

Une règle lit des faits et rend des constats : établi, réserve, défaut, indéterminé (avec ce qui a manqué) ou sans objet.
Le niveau de preuve est le plus faible auquel elle peut conclure ; l'import de la cible ou l'exécution le renforcent.
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
    if guide is not None:
        lines += [
            f"- **Gravité** : {guide.severity.value} ; impact : {guide.impact}",
            f"- **Établi** : {guide.passes}.",
            f"- **Défaut** : {guide.fails}.",
            f"- **Indéterminé quand** : {guide.undetermined}.",
            f"- **Recommandation** : {guide.advice}.",
            "",
            f"```{guide.language}",
            guide.solution,
            "```",
        ]
    return "\n".join([*lines, ""])


def bears_on(rule: Rule) -> str:
    """The requirements of a rule, or « bonne pratique »."""
    return ", ".join(rule.requirements) or "bonne pratique"


def _category(rule: Rule) -> str:
    return rule.category or "Observations"


def _source(reference: str) -> str:
    return f"<{reference}>" if reference.startswith("http") else reference
