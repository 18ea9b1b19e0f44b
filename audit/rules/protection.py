"""Locks and idempotency: the functions that protect sends exist, and the sends call them (8.4, 8.5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.model.findings import Finding, Problem, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.rule import Guide, defect, established, not_found, rule, undetermined, without_role

_DOC = "https://docs.celeryq.dev/en/stable/userguide/tasks.html#state"
_UNREAD = "la fonction est appelée sans qu'un chemin ait pu être suivi, ou le rôle n'est pas renseigné"


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


@rule(
    "idempotency",
    "Idempotence des envois",
    category="Robustesse Workers",
    requirements=("8.4", "8.5"),
    reference=_DOC,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="L'envoi appelle la protection contre les doublons",
        fails="La protection contre les doublons existe, mais l'envoi ne l'appelle pas",
        advice="Appeler la fonction",
        solution="if not claim(message_id):\n    return",
        undetermined=_UNREAD,
        impact="Élevé",
    ),
    defective={
        "audit.toml": """
            [roles]
            sender = "app:send"
            idempotency = "app:claim"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")


            def claim(message_id):
                return cache.set(f"sent:{message_id}", 1, nx=True, ex=300)


            @celery_app.task
            def send(message_id):
                deliver(message_id)
        """,
    },
    sound={
        "audit.toml": """
            [roles]
            sender = "app:send"
            idempotency = "app:claim"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")


            def claim(message_id):
                return cache.set(f"sent:{message_id}", 1, nx=True, ex=300)


            @celery_app.task
            def send(message_id):
                if claim(message_id):
                    deliver(message_id)
        """,
    },
)
def _idempotency(known: TargetFacts) -> Sequence[Finding]:
    return Called(
        "idempotency",
        "sender",
        "Protection contre les doublons : `{caller}` appelle `{role}`",
        "Élevé : une tâche exécutée deux fois envoie deux messages",
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
        fails="Le verrou de campagne existe, mais l'envoi ne le prend pas",
        advice="Appeler la fonction",
        solution="with campaign_lock(campaign_id) as acquired:\n    ...",
        undetermined=_UNREAD,
        impact="Élevé",
    ),
    defective={
        "audit.toml": """
            [roles]
            campaign_sender = "app:send_campaign"
            campaign_lock = "app:campaign_lock"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")


            def campaign_lock(campaign_id):
                return client.lock(f"campaign:{campaign_id}", timeout=600)


            @celery_app.task
            def send_campaign(campaign_id):
                dispatch(campaign_id)
        """,
    },
    sound={
        "audit.toml": """
            [roles]
            campaign_sender = "app:send_campaign"
            campaign_lock = "app:campaign_lock"
        """,
        "app.py": """
            from celery import Celery

            celery_app = Celery("shop", broker="redis://localhost/0")


            def campaign_lock(campaign_id):
                return client.lock(f"campaign:{campaign_id}", timeout=600)


            @celery_app.task
            def send_campaign(campaign_id):
                with campaign_lock(campaign_id):
                    dispatch(campaign_id)
        """,
    },
)
def _campaign_lock(known: TargetFacts) -> Sequence[Finding]:
    return Called(
        "campaign_lock",
        "campaign_sender",
        "Verrou de campagne : `{caller}` appelle `{role}`",
        "Élevé : deux répartiteurs peuvent traiter la même campagne",
    )(known)
