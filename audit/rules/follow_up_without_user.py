"""Message 2 is created and scheduled with no person logged in (8.3)."""

from collections.abc import Sequence
from dataclasses import replace

from audit.model.domains import Domain, conclude
from audit.model.facts import Call
from audit.model.findings import Finding
from audit.model.gaps import Doubt
from audit.model.target_facts import TargetFacts
from audit.rules.concluded_points import Wrong, concluded
from audit.rules.domains.role_domain import calls_of_role, chains_to, enough
from audit.rules.rule import without_role
from audit.rules.user_dependency import autonomous, no_user_met, no_user_parameter, own_name


@autonomous(
    "follow-up-no-user",
    "Message 2 sans utilisateur",
    category="Envoi Message 2 Autonome",
    requirement="8.3",
    passes="Le webhook mène à la publication du Message 2, sans paramètre ni filtre d'utilisateur",
    fails="Le Message 2 attend, ou filtre par, un utilisateur connecté",
    solution="send_single_message.apply_async(args=[message_2_id], countdown=2)",
    example={
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


            def schedule_message_2(contact_id«, user_id¦»):
                message_id = messages.create(contact_id, kind="message_2")
                send.apply_async(args=[message_id], countdown=2)


            @api.post("/webhooks/gateway")
            async def receive(request: Request):
                schedule_message_2((await request.json())["contact"]«, session["user_id"]¦»)
        """,
    },
)
def _follow_up(known: TargetFacts) -> Sequence[Finding]:
    symbol = known.target.role("follow_up_scheduler")
    if not symbol:
        return [without_role(known, "follow_up_scheduler", "Le Message 2 n'a ni paramètre ni filtre d'utilisateur")]
    return [
        no_user_parameter(known, "follow_up_scheduler"),
        *no_user_met(known, "follow_up_scheduler"),
        _triggered(known, symbol),
        *_published(known, symbol),
    ]


def _nothing(_: object) -> tuple[Wrong, ...]:
    return ()


def _triggered(known: TargetFacts, symbol: str) -> Finding:
    doubt = f"aucun chemin d'appel du webhook à `{own_name(symbol)}` n'a été suivi"
    domain = chains_to(known, ("webhook", "webhook_processor"), {symbol}, doubt)
    evidence = [known.source.evidence(appelant=chain[0]) for chain in domain.members]
    # A chain was followed or none was: what else was not followed takes nothing from it.
    sentence = f"Le webhook appelle `{own_name(symbol)}`, directement ou non"
    return concluded(sentence, conclude(domain, _nothing), *evidence)


def _published(known: TargetFacts, symbol: str) -> list[Finding]:
    sender = known.target.role("sender")
    create = f"`{own_name(symbol)}` publie la tâche d'envoi"
    delayed = "Utilise `apply_async()` avec un `countdown` de 2 s"
    domain = calls_of_role(
        known,
        "follow_up_scheduler",
        lambda call: bool(sender) and _publishes(call, sender, known.task_names(sender)),
        f"aucun appel à `apply_async`, `delay` ou `send_task` suivi depuis `{own_name(symbol)}` "
        f"ne publie la tâche d'envoi `{own_name(sender) or 'sender'}`",
    )
    evidence = [known.source.evidence(call.excerpt, appel=call.name) for call in domain.members]
    # One publication is enough to create; each must be delayed, those that were not followed too.
    created = conclude(enough(domain), _nothing)
    found = [concluded(create, created, *evidence[:1])]
    answer = conclude(_told(domain), _nothing)
    names = " et ".join(dict.fromkeys(f"`{call.name}()`" for call in domain.members))
    return [*found, concluded(delayed, answer, *evidence, told=f"Utilise {names} avec un `countdown` de 2 s")]


def _told(domain: Domain[Call]) -> Domain[Call]:
    """The same, with a gap for each publication whose delay is not written."""
    written = [(call.name, call.keywords.get("countdown", "absent")) for call in domain.members]
    unread = [Doubt(why=f"le `countdown` de `{n}` n'est pas écrit 2 (lu : `{w}`)") for n, w in written if w != "2"]
    return replace(domain, gaps=(*unread, *domain.gaps))


def _publishes(call: Call, sender: str, names: frozenset[str]) -> bool:
    """Whether this call puts the sender's task in a queue."""
    receiver, _, method = call.name.rpartition(".")
    if method == "send_task":
        written = call.arguments[0] if call.arguments else call.keywords.get("name", "")
        return written.strip("\"'") in names
    if call.target:
        return call.target == sender
    return receiver.rpartition(".")[2] == own_name(sender)
