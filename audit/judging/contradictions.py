"""Findings that exclude each other, as data: a report that holds both contradicts itself, and the audit is at fault."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from audit.judging.verdict import Status, Verdict
from audit.model.findings import Finding, Outcome
from audit.model.target_facts import TargetFacts

RULE = "contradiction"
_NO_CONNECTION = re.compile(
    r"OperationalError|ConnectionError|ConnectionRefused|InterfaceError|connection refused", re.IGNORECASE
)
_PERIODIC = ("recovery", "health-check-period", "expiry-period", "lock-cleanup-period", "monitoring-sync-period")


@dataclass(frozen=True)
class Claim:
    """What a finding says: one of these rules (any, without one), with this outcome, in these words (a pattern)."""

    outcomes: tuple[Outcome, ...]
    rules: tuple[str, ...] = ()
    words: str = ""

    def made_by(self, finding: Finding) -> bool:
        """Whether a finding says it, in its sentence or in what it quotes."""
        named = not self.rules or finding.rule in self.rules
        return named and finding.outcome in self.outcomes and bool(re.search(self.words, _text(finding)))


@dataclass(frozen=True)
class Situation:
    """What the findings are compared with: the facts, and the verdicts that they give."""

    known: TargetFacts
    verdicts: Mapping[str, Verdict]


# What is no finding and that a report shows too: its French sentence; empty when it is not there.
Shown = Callable[[Situation], str]


@dataclass(frozen=True)
class Exclusion:
    """Two things that a report cannot both say. `why` is French; `together` says when two findings speak of the same."""

    name: str
    one: Claim
    other: Claim | Shown
    why: str
    together: Callable[[Finding, Finding], bool] = lambda _one, _other: True


def _same_file(one: Finding, other: Finding) -> bool:
    return bool(_files(one) & _files(other))


def _refused_at_import(situation: Situation) -> str:
    facts = situation.known.configuration
    told = " ".join([facts.failure, *facts.failures]) if facts else ""
    return told if _NO_CONNECTION.search(told) else ""


def _encrypted(situation: Situation) -> str:
    values = [s.value for facts in situation.known.probes for s in facts.settings.values()]
    urls = [v for v in values if isinstance(v, str) and re.match(r"(rediss|amqps)://", v)]
    return f"une adresse en `{urls[0].partition(':')[0]}://` est réglée" if urls else ""


def _said_to_come_back(situation: Situation) -> str:
    held = [i for i in ("8.5", "C5") if i in situation.verdicts and situation.verdicts[i].status is Status.COMPLIANT]
    return f"l'exigence {held[0]} est dite CONFORME" if held else ""


EXCLUSIONS = (
    Exclusion(
        "beat-never-started",
        Claim((Outcome.DEFECT,), ("beat-started",)),
        Claim((Outcome.ESTABLISHED,), (*_PERIODIC, "monitoring-reset-period")),
        "une tâche que beat ne déclenche jamais n'est pas périodique",
    ),
    Exclusion(
        "encrypted-connection-quoted",
        Claim((Outcome.NOT_APPLICABLE,), ("broker-tls",), r"n'est chiffrée"),
        Claim((Outcome.ESTABLISHED, Outcome.RESERVATION, Outcome.DEFECT), words=r"\b(rediss|amqps)://"),
        "une adresse `rediss://` ou `amqps://` est une connexion chiffrée",
    ),
    Exclusion(
        "encrypted-connection-set",
        Claim((Outcome.NOT_APPLICABLE,), ("broker-tls",), r"n'est chiffrée"),
        _encrypted,
        "une adresse `rediss://` ou `amqps://` est une connexion chiffrée",
    ),
    Exclusion(
        "connection-refused-at-import",
        Claim((Outcome.ESTABLISHED,), ("no-connection-at-import",)),
        _refused_at_import,
        "un import qui échoue à se connecter ouvre une connexion",
    ),
    Exclusion(
        "supervised-and-not",
        Claim((Outcome.ESTABLISHED,), ("supervision",)),
        Claim((Outcome.DEFECT,), ("connection-retries-supervised",)),
        "le même fichier relance les workers, ou ne les relance pas",
        _same_file,
    ),
    Exclusion(
        "brought-back-a-limited-number-of-times",
        Claim((Outcome.UNDETERMINED,), ("supervision",)),
        _said_to_come_back,
        "une relance vue une fois ne dit rien de ce que la lecture laisse ouvert : un autre fichier, ou la mort suivante",
    ),
    Exclusion(
        "no-beat-and-a-single-one",
        Claim((Outcome.DEFECT,), ("beat-started",)),
        Claim((Outcome.ESTABLISHED,), ("single-beat",)),
        "un beat que rien ne lance ne publie aucun planning",
    ),
    Exclusion(
        "no-limit-and-a-limit-kept",
        Claim((Outcome.DEFECT,), ("time-limits",), r"les \d+ tâches : aucune limite de temps"),
        Claim((Outcome.ESTABLISHED,), ("limits-enforced", "sleep-within-limit", "request-within-limit")),
        "aucune tâche ne respecte une limite de temps qui n'existe pas",
    ),
    Exclusion(
        "same-delay-and-growing-delays",
        Claim((Outcome.DEFECT,), ("retry-backoff",)),
        Claim((Outcome.ESTABLISHED,), ("retry-delays",)),
        "des délais toujours égaux ne croissent pas",
        _same_file,
    ),
    Exclusion(
        "endless-retries-and-three",
        Claim((Outcome.DEFECT,), ("retries-bounded",)),
        Claim((Outcome.ESTABLISHED,), ("retry-limit",)),
        "des reprises sans borne ne sont pas trois au plus",
        _same_file,
    ),
    Exclusion(
        "retry-caught-and-not",
        Claim((Outcome.DEFECT,), ("retry-not-caught",)),
        Claim((Outcome.ESTABLISHED,), ("retry-not-swallowed",)),
        "l'exception de la reprise est attrapée, ou ne l'est pas",
        _same_file,
    ),
    Exclusion(
        "no-lock-and-a-lock",
        Claim((Outcome.NOT_APPLICABLE,), ("locks-expire",)),
        Claim((Outcome.ESTABLISHED,), ("campaign-lock",)),
        "le verrou de campagne est un verrou pris par une tâche",
    ),
    Exclusion(
        "no-request-and-requests",
        Claim((Outcome.NOT_APPLICABLE,), ("http-timeouts",)),
        Claim((Outcome.ESTABLISHED, Outcome.DEFECT), ("request-within-limit",)),
        "une requête qui tient dans une limite, ou la dépasse, est une requête",
    ),
    Exclusion(
        "ignored-results-and-kept-ones",
        Claim((Outcome.NOT_APPLICABLE,), ("result-expires",), r"les résultats sont ignorés"),
        Claim((Outcome.DEFECT, Outcome.RESERVATION), ("ignored-results",)),
        "les résultats sont gardés, ou ignorés",
    ),
)


def contradictions(findings: Sequence[Finding], situation: Situation) -> Iterator[Finding]:
    """One « erreur d'audit » for each exclusion that these findings break: it quotes both sides, and bears on their criteria."""
    for exclusion in EXCLUSIONS:
        ones = [f for f in findings if exclusion.one.made_by(f)]
        if isinstance(exclusion.other, Claim):
            others = [f for f in findings if exclusion.other.made_by(f)]
            pairs = [(one, other) for one in ones for other in others if exclusion.together(one, other)]
            if pairs:
                one, other = pairs[0]
                yield _error(exclusion, one, f"`{other.rule}` (« {other.sentence} »)", other.requirements)
        elif ones and (shown := exclusion.other(situation)):
            yield _error(exclusion, ones[0], f"« {shown.strip().rstrip('.')} »", ())


def _error(exclusion: Exclusion, one: Finding, other: str, requirements: tuple[str, ...]) -> Finding:
    said = one.missing or one.sentence
    text = f"Ce rapport se contredit : `{one.rule}` (« {said} ») et {other} ; {exclusion.why}"
    return Finding(
        Outcome.AUDIT_ERROR, text, rule=RULE, requirements=tuple(dict.fromkeys((*one.requirements, *requirements)))
    )


def _files(finding: Finding) -> set[str]:
    quoted = [e.excerpt for e in finding.evidence if e.excerpt]
    return {e.path for e in (*quoted, *(finding.problem.situation if finding.problem else ()))}


def _text(finding: Finding) -> str:
    """What a reader sees of a finding, without the advice."""
    quoted = [e.excerpt.text for e in finding.evidence if e.excerpt]
    quoted += [value for e in finding.evidence for _, value in e.values]
    quoted += [e.text for e in finding.problem.situation] if finding.problem else []
    return "\n".join((finding.sentence, finding.missing, *quoted))
