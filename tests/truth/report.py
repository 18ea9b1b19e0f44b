"""The measurement in French: precision and recall by rule, then every miss and false alarm by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from audit.french.typography import french
from audit.rules import every_rule
from tests.truth.entries import FOLDER, TARGETS
from tests.truth.measurement import Observed, Score, scores

_HEAD = """# Vérité des règles

Écrit par `nox -s truth` (`python -m tests.truth`). Ne pas modifier à la main.

Un mutant est un défaut semé dans une cible saine, par un petit fichier de `tests/truth/mutants/` ; une variante saine se comporte comme sa
cible et s'écrit autrement (`tests/truth/variants/`). Chaque fichier est appliqué seul, et toutes les règles du profil `strict` sont posées au
niveau `source`. Une alarme est un constat défaut, réserve ou erreur d'audit que la cible saine ne donne pas. Le rappel d'une règle est la part de ses
mutants qu'elle voit ; sa précision, la part de ses alarmes qui sont vraies. « À l'aveugle » : écrit sans avoir lu les règles."""


def report(observed: Sequence[Observed], gaps: Mapping[str, Any], deceptive: str) -> str:
    """The whole Markdown of `verite.md`; `deceptive` is the section on hidden defects."""
    parts = [_HEAD, _counts(observed), _rules(observed), _names(observed, gaps), deceptive]
    parts += [path.read_text(encoding="utf-8").strip() for path in sorted((FOLDER / "judgements").glob("*.md"))]
    return french("\n\n".join(parts) + "\n")


def _counts(observed: Sequence[Observed]) -> str:
    lines = [
        "## Ce qui a été joué",
        "",
        "| cible | mutants | dont à l'aveugle | vus | variantes saines | dont à l'aveugle | sans alarme |",
    ]
    lines.append("|---|---|---|---|---|---|---|")
    for target in (*TARGETS, ""):
        mine = [o for o in observed if target in {o.entry.target, ""}]
        mutants, variants = ([o for o in mine if o.entry.kind == kind] for kind in ("mutants", "variants"))
        cells = (
            target or "ensemble",
            len(mutants),
            sum(o.entry.blind for o in mutants),
            sum(not o.missed for o in mutants),
            len(variants),
            sum(o.entry.blind for o in variants),
            sum(not o.false_alarms for o in variants),
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def _rules(observed: Sequence[Observed]) -> str:
    told = scores(observed)
    seen, missed, false = (sum(len(getattr(s, name)) for s in told) for name in ("seen", "missed", "false_alarms"))
    whole = f"Ensemble : rappel {_share(seen, seen + missed)}, précision {_share(seen, seen + false)}."
    lines = [
        "## Par règle",
        "",
        whole,
        "",
        "| règle | mutants | rappel | fausses alarmes | précision |",
        "|---|---|---|---|---|",
    ]
    lines += [_row(score) for score in told]
    without = sorted({rule.id for rule in every_rule()} - {score.rule for score in told})
    lines += [
        "",
        f"Règles qu'aucun mutant ne vise ici ({len(without)}) : {', '.join(f'`{r}`' for r in without)}. `tests/rules/` les éprouve.",
    ]
    return "\n".join(lines)


def _row(score: Score) -> str:
    asked, raised = len(score.seen) + len(score.missed), len(score.seen) + len(score.false_alarms)
    recall, precision = _share(len(score.seen), asked), _share(len(score.seen), raised)
    return f"| `{score.rule}` | {asked} | {recall} | {len(score.false_alarms)} | {precision} |"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % ({part}/{whole})".replace(".", ",") if whole else "—"


def _names(observed: Sequence[Observed], gaps: Mapping[str, Any]) -> str:
    lines = ["## Manqués", ""]
    for one in observed:
        for rule in one.missed:
            answered = ", ".join(sorted(one.outcomes.get(rule, ()))) or "rien"
            why = gaps["missed"].get(one.entry.title, "")
            lines.append(f"- `{one.entry.title}` ({one.entry.breaks}) : `{rule}` répond {answered}. {why}")
    lines += ["Aucun."] if len(lines) == 2 else []
    lines += ["", "## Fausses alarmes", ""]
    before = len(lines)
    for one in observed:
        for rule in one.false_alarms:
            told = " ; ".join(sorted(one.alarms[rule]))
            lines.append(
                f"- `{one.entry.title}` : `{rule}` dit « {told} ». {gaps['false_alarms'].get(one.entry.title, '')}"
            )
    lines += ["Aucune."] if len(lines) == before else []
    return "\n".join(lines)
