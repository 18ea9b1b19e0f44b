"""Locks and idempotency: the functions that protect sends exist, and the sends call them (8.4, 8.5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.model.domains import conclude
from audit.model.facts import Function
from audit.model.findings import Finding, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.concluded_points import Wrong, concluded
from audit.rules.domains.protection_domain import Protected, protection, unseen
from audit.rules.rule import Guide, rule, without_role

_DOC = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#state"
_UNREAD = "la fonction est appelée sans qu'un chemin ait pu être suivi, ou le rôle n'est pas renseigné"


@dataclass(frozen=True)
class Called:
    """A check that the function of `role` is reached from that of `caller`, that its answer counts, and that it holds.

    `owned`: what it takes is given back by its owner alone. `unjudged`: what a pass does not say.
    """

    role: str
    caller: str
    sentence: str
    risk: str
    owned: bool
    unjudged: str = ""

    def __call__(self, known: TargetFacts) -> Sequence[Finding]:
        """A role that exists but is never called protects nothing: that is the defect."""
        symbol, caller = known.target.role(self.role), known.target.role(self.caller)
        name, sender = symbol.rpartition(":")[2], caller.rpartition(":")[2]
        sentence = self.sentence.format(caller=sender or self.caller, role=name or self.role)
        absent = next((role for role, value in ((self.role, symbol), (self.caller, caller)) if not value), "")
        if absent:
            return [without_role(known, absent, sentence)]
        domain = unseen(protection(known, self.role, self.caller))
        answer = conclude(
            domain,
            lambda one: [*self._faults(known, one, name, sender)],
            possible_of=lambda one: [*self._possible(known, one)],
        )
        evidence = (known.source_evidence(one.code[0]) for one in domain.members)
        return [concluded(sentence, answer, *evidence, told=f"{sentence}{self.unjudged}")]

    def _faults(self, known: TargetFacts, one: Protected, name: str, sender: str) -> Iterator[Wrong]:
        if not one.chain:
            title = f"`{name}` n'est jamais appelée par `{sender}`"
            text = f"`{name}` existe mais `{sender}` ne l'appelle pas"
            yield self._wrong(known, one.code[0], text, title, f"Appeler `{name}` dans `{sender}`")
            return
        if dropped := _unused(known, one):
            text = f"`{_short(dropped)}` n'emploie pas la réponse de `{name}` : rien n'est arrêté"
            yield self._wrong(known, dropped, text, f"Réponse de `{name}` perdue", "N'agir que si elle le permet")
        stops = any(_called_names(f, one.code[0].symbol) & known.source.guards[f.symbol].stopping for f in one.chain)
        for function in one.code:
            guard = known.source.guards[function.symbol]
            own = stops and function is one.code[0]
            if line := guard.opens_on_failure or (guard.false_on_failure if own else 0):
                text = f"`{_short(function)}` laisse passer quand son stockage ne répond pas (ligne {line})"
                yield self._wrong(known, function, text, "Protection ouverte en panne", "Laisser passer l'exception")
        yield from self._released(known, one) if self.owned else ()

    def _possible(self, known: TargetFacts, one: Protected) -> Iterator[Wrong]:
        for function in one.code if one.chain else ():
            if line := known.source.guards[function.symbol].checks_then_writes:
                text = f"`{_short(function)}` vérifie puis écrit en deux temps (ligne {line}) : deux exécutions peuvent passer"
                advice = "Écrire sous une clé unique, ou par `SET … NX`, et lire ce que l'écriture répond"
                yield self._wrong(known, function, text, "Vérification avant écriture", advice)
        yield from () if self.owned else self._released(known, one)

    def _released(self, known: TargetFacts, one: Protected) -> Iterator[Wrong]:
        """A key that expires, and that somebody deletes without looking at who holds it."""
        guards = known.source.guards
        taken = {k.key for f in one.code for k in guards[f.symbol].taken if k.expires}
        for function in (*one.code, *one.beside):
            for key in guards[function.symbol].deleted:
                if key.key in taken and not key.asked:
                    text = f"`{_short(function)}` rend le verrou sans vérifier qui le tient (ligne {key.line})"
                    advice = "Comparer le jeton et effacer la clé dans un même script"
                    yield self._wrong(known, function, text, "Verrou rendu par n'importe qui", advice)

    def _wrong(self, known: TargetFacts, function: Function, text: str, title: str, advice: str) -> Wrong:
        places = (function.head,) if function.head else ()
        problem = Problem(title, Severity.CRITICAL, self.risk, advice, places)
        return Wrong(text, problem, (known.source_evidence(function),))


def _unused(known: TargetFacts, one: Protected) -> Function | None:
    """The function that never looks at the answer of the protection; one that hands it on leaves this to who calls it."""
    guards = known.source.guards
    callee = one.chain[-1]
    if not any(guards[function.symbol].tries for function in one.code):
        return None
    for function in reversed(one.chain[:-1]):
        names = _called_names(function, callee.symbol)
        guard, asked = guards[function.symbol], guards[callee.symbol]
        if asked.refuses or not asked.answers:
            return None
        if (
            names
            and names <= guard.dropped | guard.unasked
            and not (names & guard.unasked and _is_a_lock(callee, known))
        ):
            return function
        if not names & guard.passed_on:
            return None
        callee = function
    return None


def _is_a_lock(function: Function, known: TargetFacts) -> bool:
    """Whether what it gives waits, or raises, when it is entered: it was made by a library, and is asked for nothing."""
    return not any(d.endswith("contextmanager") for d in function.decorators) and function.symbol in known.source.guards


def _called_names(function: Function, symbol: str) -> frozenset[str]:
    return frozenset(
        c.name for c in function.calls if c.target and (c.target == symbol or symbol.startswith(f"{c.target}."))
    )


def _short(function: Function) -> str:
    return function.symbol.rpartition(":")[2]


@rule(
    "idempotency",
    "Idempotence des envois",
    category="Robustesse Workers",
    requirements=("8.4", "8.5"),
    reference=_DOC,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="L'envoi appelle la protection contre les doublons",
        fails="La protection contre les doublons existe, mais l'envoi ne l'appelle pas, ou elle laisse passer",
        advice="Appeler la fonction",
        solution="if not claim(message_id):\n    return",
        undetermined=_UNREAD,
        impact="Élevé",
    ),
    example={
        "audit.toml": """
            [roles]
            sender = "app:send"
            idempotency = "app:claim"
        """,
        "app.py": """
            from celery import Celery
            from gateway import deliver

            celery_app = Celery("shop", broker="redis://localhost/0")


            def claim(message_id):
                return cache.set(f"sent:{message_id}", 1, nx=True, ex=300)


            @celery_app.task
            def send(message_id):
                «¦if claim(message_id):
                    »deliver(message_id)
        """,
    },
)
def _idempotency(known: TargetFacts) -> Sequence[Finding]:
    return Called(
        "idempotency",
        "sender",
        "Protection contre les doublons : `{caller}` appelle `{role}`",
        "Élevé : une tâche exécutée deux fois envoie deux messages",
        owned=False,
        unjudged=" (qu'aucun doublon ne parte à la mort d'un worker n'est pas lu)",
    )(known)


@rule(
    "campaign-lock",
    "Verrou de campagne",
    category="Verrouillage Campagnes",
    requirements=("8.4",),
    reference=_DOC,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="L'envoi d'une campagne prend son verrou",
        fails="Le verrou de campagne existe, mais l'envoi ne le prend pas, ou il laisse passer",
        advice="Appeler la fonction",
        solution="with campaign_lock(campaign_id) as acquired:\n    ...",
        undetermined=_UNREAD,
        impact="Élevé",
    ),
    example={
        "audit.toml": """
            [roles]
            campaign_sender = "app:send_campaign"
            campaign_lock = "app:campaign_lock"
        """,
        "app.py": """
            from celery import Celery
            from gateway import dispatch

            celery_app = Celery("shop", broker="redis://localhost/0")


            def campaign_lock(campaign_id):
                return client.lock(f"campaign:{campaign_id}", timeout=600)


            @celery_app.task
            def send_campaign(campaign_id):
                «¦with campaign_lock(campaign_id):
                    »dispatch(campaign_id)
        """,
    },
)
def _campaign_lock(known: TargetFacts) -> Sequence[Finding]:
    return Called(
        "campaign_lock",
        "campaign_sender",
        "Verrou de campagne : `{caller}` appelle `{role}`",
        "Élevé : deux répartiteurs peuvent traiter la même campagne",
        owned=True,
    )(known)
