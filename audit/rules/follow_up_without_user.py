"""Message 2 is created and scheduled with no person logged in (8.3)."""

from collections.abc import Sequence

from audit.model.facts import Call
from audit.model.findings import Finding
from audit.model.target_facts import TargetFacts
from audit.rules.rule import established, undetermined, without_role
from audit.rules.user_dependency import autonomous, no_user_met, no_user_parameter, own_name


@autonomous(
    "follow-up-no-user",
    "Message 2 sans utilisateur",
    category="Envoi Message 2 Autonome",
    requirement="8.3",
    passes="Le Message 2 est créé et planifié sans utilisateur",
    fails="Le Message 2 attend, ou filtre par, un utilisateur connecté",
    solution="send_single_message.apply_async(args=[message_2_id], countdown=2)",
    defective={
        "audit.toml": """
            [roles]
            webhook = "app:receive"
            follow_up_scheduler = "app:schedule_message_2"
            sender = "app:send"
        """,
        "app.py": """
            from celery import Celery
            from fastapi import FastAPI, Request

            celery_app = Celery("shop", broker="redis://localhost/0")
            api = FastAPI()


            @celery_app.task
            def send(message_id): ...


            def schedule_message_2(contact_id, user_id):
                message_id = messages.create(contact_id, kind="message_2")
                send.apply_async(args=[message_id], countdown=2)


            @api.post("/webhooks/gateway")
            async def receive(request: Request):
                schedule_message_2((await request.json())["contact"], session["user_id"])
        """,
    },
    sound={
        "audit.toml": """
            [roles]
            webhook = "app:receive"
            follow_up_scheduler = "app:schedule_message_2"
            sender = "app:send"
        """,
        "app.py": """
            from celery import Celery
            from fastapi import FastAPI, Request

            celery_app = Celery("shop", broker="redis://localhost/0")
            api = FastAPI()


            @celery_app.task
            def send(message_id): ...


            def schedule_message_2(contact_id):
                message_id = messages.create(contact_id, kind="message_2")
                send.apply_async(args=[message_id], countdown=2)


            @api.post("/webhooks/gateway")
            async def receive(request: Request):
                schedule_message_2((await request.json())["contact"])
        """,
    },
)
def _follow_up(known: TargetFacts) -> Sequence[Finding]:
    symbol = known.target.role("follow_up_scheduler")
    if not symbol:
        return [without_role(known, "follow_up_scheduler", "Le Message 2 ne dépend d'aucun utilisateur")]
    return [
        *no_user_parameter(known, "follow_up_scheduler"),
        *no_user_met(known, "follow_up_scheduler"),
        _triggered(known, symbol),
        *_published(known, symbol),
    ]


def _triggered(known: TargetFacts, symbol: str) -> Finding:
    sentence = "Déclenché par webhook (pas d'intervention admin)"
    for role in ("webhook", "webhook_processor"):
        if symbol in {f.symbol for f in known.reachable(known.target.role(role))}:
            return established(sentence, known.source.evidence(appelant=known.target.role(role)))
    return undetermined(sentence, f"aucun chemin d'appel du webhook à `{own_name(symbol)}` n'a été suivi")


def _published(known: TargetFacts, symbol: str) -> list[Finding]:
    create = "Crée le Message 2 et programme l'envoi via Celery"
    delayed = "Utilise `apply_async()` avec un `countdown` de 2 s"
    sender = known.target.role("sender")
    calls = [
        c
        for f in known.reachable(symbol, frozenset({sender}))
        for c in f.calls
        if c.name.rpartition(".")[2] in {"apply_async", "delay", "send_task"}
    ]
    if not calls:
        missing = f"aucun appel à `apply_async`, `delay` ou `send_task` n'a été suivi depuis `{own_name(symbol)}`"
        return [undetermined(create, missing), undetermined(delayed, missing)]
    calls = [c for c in calls if sender and _publishes(c, sender, known.task_names(sender))]
    if not calls:
        missing = (
            f"aucun appel suivi depuis `{own_name(symbol)}` ne publie la tâche d'envoi `{own_name(sender) or 'sender'}`"
        )
        return [undetermined(create, missing), undetermined(delayed, missing)]
    call = calls[0]
    evidence = known.source.evidence(call.excerpt, appel=call.name)
    found = [established(create, evidence)]
    if call.keywords.get("countdown") == "2":
        return [*found, established(f"Utilise `{call.name}()` avec un `countdown` de 2 s", evidence)]
    return [
        *found,
        undetermined(
            delayed,
            f"le `countdown` de `{call.name}` n'est pas écrit 2 (lu : `{call.keywords.get('countdown', 'absent')}`)",
        ),
    ]


def _publishes(call: Call, sender: str, names: frozenset[str]) -> bool:
    """Whether this call puts the sender's task in a queue."""
    receiver, _, method = call.name.rpartition(".")
    if method == "send_task":
        written = call.arguments[0] if call.arguments else call.keywords.get("name", "")
        return written.strip("\"'") in names
    if call.target:
        return call.target == sender
    return receiver.rpartition(".")[2] == own_name(sender)
