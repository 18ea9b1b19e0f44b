"""Messages leave with no person logged in (8.1)."""

from collections.abc import Sequence

from audit.model.findings import Finding
from audit.model.target_facts import TargetFacts
from audit.rules.example import with_app
from audit.rules.rule import without_role
from audit.rules.user_dependency import autonomous, no_user_filter, no_user_met, no_user_parameter, service_client


@autonomous(
    "sender-no-user",
    "Envoi unitaire sans utilisateur",
    category="Envoi Messages Autonome",
    requirement="8.1",
    passes="L'envoi d'un message n'a ni paramètre ni filtre d'utilisateur",
    fails="L'envoi d'un message attend, ou filtre par, un utilisateur connecté",
    solution="def send_single_message(self, message_id): ...",
    example={
        "audit.toml": """
            [roles]
            sender = "app:send"
        """,
        "app.py": with_app("""
            @celery_app.task
            def send(message_id«, current_user¦»):
                message = messages.get(message_id)
                gateway.deliver(message)
        """),
    },
)
def _sender(known: TargetFacts) -> Sequence[Finding]:
    if not known.target.role("sender"):
        return [without_role(known, "sender", "L'envoi d'un message n'a ni paramètre ni filtre d'utilisateur")]
    return [no_user_parameter(known, "sender"), no_user_filter(known, "sender")]


@autonomous(
    "campaign-sender-no-user",
    "Envoi de campagne sans utilisateur",
    category="Envoi Messages Autonome",
    requirement="8.1",
    passes="L'envoi d'une campagne n'a ni paramètre ni filtre d'utilisateur, et emploie le rôle de service",
    fails="L'envoi d'une campagne attend, ou filtre par, un utilisateur connecté",
    solution="def send_campaign_messages(self, campaign_id): ...",
    example={
        "audit.toml": """
            [roles]
            campaign_sender = "app:send_campaign"
            service_client = "app:service"
        """,
        "app.py": """
            from celery import Celery
            from supabase import create_client

            celery_app = Celery("shop", broker="redis://localhost/0")


            def service():
                return create_client(URL, SERVICE_KEY)


            @celery_app.task
            def send_campaign(campaign_id):
                for message in service().table("messages").eq("«user_id", current_user.id¦campaign_id", campaign_id»):
                    send.delay(message["id"])
        """,
    },
)
def _campaign_sender(known: TargetFacts) -> Sequence[Finding]:
    if not known.target.role("campaign_sender"):
        return [
            without_role(known, "campaign_sender", "L'envoi d'une campagne n'a ni paramètre ni filtre d'utilisateur")
        ]
    return [
        no_user_parameter(known, "campaign_sender"),
        *no_user_met(known, "campaign_sender"),
        service_client(known, "campaign_sender"),
    ]
