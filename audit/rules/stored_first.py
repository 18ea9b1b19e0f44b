"""Whether a webhook keeps what it receives before it answers."""

from collections.abc import Sequence

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.target_facts import TargetFacts
from audit.rules.domains.answer_domain import Answering, before_answering
from audit.rules.effective_settings import short
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide, without_role

_BACKGROUND = "https://www.starlette.io/background/"


@practice(
    "webhook-stored-first",
    "Webhook enregistré d'abord",
    reference=_BACKGROUND,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Le webhook appelle ce qui enregistre l'événement avant de répondre",
        fails="Le webhook répond avant d'avoir rien enregistré : ce qu'il a reçu meurt avec le processus",
        advice="Écrire l'événement en base, sous une clé unique, puis répondre, puis traiter",
        solution="inbox.store(event)\nbackground_tasks.add_task(process, event.id)\nreturn {}",
        undetermined="le rôle `webhook` n'est pas renseigné, ou il fait un appel que la lecture du code ne peut pas suivre",
        impact="Élevé : événements perdus à chaque redémarrage",
        unsought="que ce soit tout l'événement n'est pas cherché",
    ),
    example={
        "audit.toml": """
            [roles]
            webhook = "app:receive"
        """,
        "app.py": """
            from fastapi import BackgroundTasks, FastAPI, Request

            api = FastAPI()


            def process(payload): ...


            @api.post("/webhooks/gateway")
            async def receive(request: Request, background: BackgroundTasks):
                payload = await request.json()«¦
                inbox.insert(payload)»
                background.add_task(process, payload)
                return {}
        """,
    },
)
def _stored(known: TargetFacts) -> Sequence[Finding]:
    guide = _stored.guide
    if not known.target.role("webhook") and "webhook" in known.target.absent:
        return [without_role(known, "webhook", guide.passes)]
    domain = before_answering(known)

    def faults(one: Answering) -> list[Fault]:
        return [] if one.kept else [Fault(f"`{short(one.function.symbol)}`", one.later)]

    evidence = [known.source.evidence(one.function.head) for one in domain.members] or [known.source.evidence()]
    return answered(
        guide,
        "Webhook répondu avant d'être enregistré",
        conclude(domain, faults),
        *evidence,
        nothing="le webhook ne remet rien à plus tard, et n'enregistre rien",
        detail=", ".join(f"`{one.kept}`" for one in domain.members),
    )
