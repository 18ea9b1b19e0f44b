"""Locks and idempotency: the functions that protect sends exist, and the sends call them (8.4, 8.5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.model.findings import Finding, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.rule import Rule, defect, established, not_found, undetermined, without_role

_DOC = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#state"


@dataclass(frozen=True)
class Called:
    """A check that the function of `role` is reached from the function of `caller`."""

    role: str
    caller: str
    sentence: str
    risk: str

    def __call__(self, known: TargetFacts) -> Sequence[Finding]:
        """A role that exists but is never called protects nothing: that is the defect."""
        symbol, caller = known.target.role(self.role), known.target.role(self.caller)
        name, sender = symbol.rpartition(":")[2], caller.rpartition(":")[2]
        sentence = self.sentence.format(caller=sender or self.caller, role=name or self.role)
        for role, value in ((self.role, symbol), (self.caller, caller)):
            if not value:
                return [without_role(known, role, sentence)]
        if symbol not in known.source.functions or caller not in known.source.functions:
            return [not_found(known, symbol if symbol not in known.source.functions else caller, sentence)]
        function = known.source.functions[symbol]
        if symbol in {f.symbol for f in known.reachable(caller)}:
            return [established(sentence, known.source_evidence(function))]
        if _named_somewhere(known, name):
            return [
                undetermined(sentence, f"`{name}` est appelée, mais aucun chemin n'a pu être suivi depuis `{sender}`")
            ]
        problem = Problem(
            title=f"`{name}` n'est jamais appelée par `{sender}`",
            severity=Severity.CRITICAL,
            impact=self.risk,
            recommendation=f"Appeler `{name}` dans `{sender}`",
            situation=(function.head,) if function.head else (),
        )
        return [defect(f"`{name}` existe mais `{sender}` ne l'appelle pas", problem, known.source_evidence(function))]


def _named_somewhere(known: TargetFacts, name: str) -> bool:
    """Whether any call of the project ends with this name: then a path may exist that reading could not follow."""
    last = name.rpartition(".")[2]
    return any(c.name.rpartition(".")[2] == last for f in known.source.functions.values() for c in f.calls)


RULES = (
    Rule(
        "idempotency",
        "Idempotence des envois",
        "Robustesse Workers",
        ("8.4", "8.5"),
        _DOC,
        Called(
            "idempotency",
            "sender",
            "Protection contre les doublons : `{caller}` appelle `{role}`",
            "Élevé : une tâche exécutée deux fois envoie deux messages",
        ),
    ),
    Rule(
        "campaign-lock",
        "Verrou de campagne",
        "Verrouillage Campagnes",
        ("8.4",),
        _DOC,
        Called(
            "campaign_lock",
            "campaign_sender",
            "Verrou de campagne : `{caller}` appelle `{role}`",
            "Élevé : deux répartiteurs peuvent traiter la même campagne",
        ),
    ),
)
