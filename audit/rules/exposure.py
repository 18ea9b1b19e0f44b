"""Secrets, certificates and webhooks: what an outsider may read, forge or lose."""

import re
from collections.abc import Sequence
from dataclasses import replace

from audit.model.findings import Finding, Severity
from audit.model.observations.secrets_and_certificates import (
    HardcodedSecret,
    TrackedEnvironment,
    TrackedFiles,
    UnverifiedCertificate,
)
from audit.model.target_facts import TargetFacts
from audit.rules.effective_settings import short
from audit.rules.practice import Fault, failed, out_of_scope, passed, practice, unknown
from audit.rules.rule import Guide

_CONFIG = "https://12factor.net/config"
_REQUESTS = "https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification"
_HOOKS = "https://www.standardwebhooks.com/"
_NO_CODE = "aucun code Python n'a été lu"

_CA_ADVICE = 'Donner l\'autorité qui signe ce certificat, autosigné compris, et garder `ssl_cert_reqs="required"`'
_CA_SOLUTION = 'Redis(host=host, ssl=True, ssl_ca_certs="/etc/ssl/internal-ca.pem")'


@practice(
    "no-literal-secret",
    "Pas de secret en dur",
    reference=_CONFIG,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Aucun secret n'est écrit en toutes lettres dans le code",
        fails="Un secret est écrit en toutes lettres dans le code",
        advice="Le lire dans l'environnement, et le remplacer : il est dans l'historique",
        solution='API_KEY = os.environ["API_KEY"]',
        undetermined=_NO_CODE,
        impact="Élevé : qui lit le dépôt a le secret",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        API_KEY = "sk_live_51Hq8v2eZvKYlo2C7bXrT9"


        @app.task
        def charge(order_id):
            bank.charge(order_id, key=API_KEY)
    """,
    sound="""
        import os

        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        API_KEY = os.environ["API_KEY"]


        @app.task
        def charge(order_id):
            bank.charge(order_id, key=API_KEY)
    """,
)
def _secrets(known: TargetFacts) -> Sequence[Finding]:
    guide = _secrets.guide
    if not _code_read(known):
        return unknown(guide, known.source.failure or _NO_CODE)
    seen = known.source.observations_of(HardcodedSecret)
    if not seen:
        return passed(guide, "", known.source.evidence())
    # The lines are not quoted: a report must not carry what it says should not be written.
    faults = [Fault(f"{o.what}, `{o.path}` ligne {o.line}") for o in seen]
    return failed(guide, "Secret dans le code", faults, known.source.evidence())


@practice(
    "environment-untracked",
    "Pas de `.env` suivi",
    reference=_CONFIG,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Aucun fichier `.env` n'est suivi par git",
        fails="Un fichier `.env` est suivi par git",
        advice="Le retirer du dépôt, l'ignorer, et remplacer les secrets qu'il tenait",
        solution="git rm --cached .env\necho .env >> .gitignore",
        undetermined="l'index du dépôt est d'une forme que l'audit ne lit pas",
        impact="Élevé : qui lit le dépôt a les secrets",
        language="bash",
    ),
    defective={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")
        """,
        ".env": "API_KEY=…",
    },
    sound={
        "app.py": """
            from celery import Celery

            app = Celery("shop", broker="redis://localhost/0")
        """,
        ".gitignore": ".env",
    },
)
def _environments(known: TargetFacts) -> Sequence[Finding]:
    guide = _environments.guide
    read = known.source.observations_of(TrackedFiles)
    seen = known.source.observations_of(TrackedEnvironment)
    if known.source.failure or not (read or _code_read(known)):
        return unknown(guide, known.source.failure or _NO_CODE)
    if not read:
        return unknown(guide, "la racine de la cible n'a pas d'index git lisible")
    if seen:
        faults = [Fault(f"`{o.path}`") for o in seen]
        return failed(guide, "`.env` suivi par git", faults, known.source.evidence())
    return passed(guide, f"{read[0].count} fichiers suivis", known.source.evidence())


@practice(
    "http-verified",
    "Certificats des serveurs",
    reference=_REQUESTS,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Aucun client ne renonce à vérifier le certificat d'un serveur",
        fails="Un client ne vérifie pas le certificat du serveur : qui intercepte la connexion peut se faire passer pour lui",
        advice="Retirer `verify=False`, ou donner l'autorité attendue",
        solution='httpx.get(url, verify="/etc/ssl/internal-ca.pem")',
        undetermined=_NO_CODE,
        impact="Élevé : échanges lus ou modifiés en route",
    ),
    defective="""
        import requests
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task
        def stock(product):
            requests.get(f"https://stock.internal/{product}", timeout=5, verify=False)
    """,
    sound="""
        import requests
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task
        def stock(product):
            requests.get(f"https://stock.internal/{product}", timeout=5, verify="/etc/ssl/internal-ca.pem")
    """,
)
def _verified(known: TargetFacts) -> Sequence[Finding]:
    guide = _verified.guide
    if not _code_read(known):
        return unknown(guide, known.source.failure or _NO_CODE)
    seen = known.source.observations_of(UnverifiedCertificate)
    if not seen:
        return passed(guide, "", known.source.evidence())
    faults = [Fault(f"{_where(o)} (`{o.argument}`)", o.excerpt) for o in seen]
    if all(o.argument.startswith("ssl_cert_reqs") for o in seen):
        guide = replace(guide, advice=_CA_ADVICE, solution=_CA_SOLUTION)
    return failed(
        guide, "Certificat d'un serveur non vérifié", faults, *(known.source.evidence(o.excerpt) for o in seen)
    )


def _where(seen: UnverifiedCertificate) -> str:
    return f"`{short(seen.symbol) or (seen.excerpt.path if seen.excerpt else '')}`"


def _code_read(known: TargetFacts) -> bool:
    return not known.source.failure and bool(known.source.functions or known.source.settings)


_PROOF = re.compile(r"(?i)hmac|compare_digest|constant_time|signature|\bverif(y|ie)|_verify|verify_|authentic")
_HINT = re.compile(r"(?i)secret|token|headers?\b|x_hub|api_?key|svix|standardwebhooks|webhook\.verify")


@practice(
    "webhook-authentic",
    "Webhook authentifié",
    reference=_HOOKS,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Le webhook vérifie l'authenticité de l'appelant",
        fails="Le webhook ne vérifie pas qui l'appelle : n'importe qui peut forger un événement",
        advice="Vérifier une signature du corps, ou un secret partagé, à temps constant",
        solution="if not hmac.compare_digest(signature, expected):\n    raise HTTPException(401)",
        undetermined="le rôle `webhook` n'est pas renseigné, ou la vérification peut se faire hors de ce qui a été suivi",
        impact="Élevé : événements forgés",
    ),
    defective={
        "audit.toml": """
            [roles]
            webhook = "app:receive"
        """,
        "app.py": """
            from fastapi import FastAPI, Request

            api = FastAPI()


            @api.post("/webhooks/gateway")
            async def receive(request: Request):
                body = await request.body()
                inbox.store(body)
                return {}
        """,
    },
    sound={
        "audit.toml": """
            [roles]
            webhook = "app:receive"
        """,
        "app.py": """
            import hmac

            from fastapi import FastAPI, HTTPException, Request

            api = FastAPI()


            @api.post("/webhooks/gateway")
            async def receive(request: Request):
                body = await request.body()
                expected = hmac.digest(KEY, body, "sha256").hex()
                if not hmac.compare_digest(request.headers["signature"], expected):
                    raise HTTPException(401)
                inbox.store(body)
                return {}
        """,
    },
)
def _authentic(known: TargetFacts) -> Sequence[Finding]:
    guide = _authentic.guide
    symbol = known.target.role("webhook")
    function = known.source.functions.get(symbol) if symbol else None
    if "webhook" in known.target.absent:
        return out_of_scope(guide, "rôle déclaré absent de la cible (`webhook`)")
    if function is None:
        return unknown(guide, "le rôle `webhook` n'est pas renseigné, ou sa fonction n'a pas été trouvée")
    route = next((r for r, _ in known.route_of(symbol)), None)
    dependencies = route.dependencies if route else ()
    reached = [*known.reachable(symbol), *(f for d in dependencies for f in known.reachable(d))]
    names = [n for f in reached for n in (*f.names, *(c.name for c in f.calls), short(f.symbol))]
    proof = next((n for n in (*names, *dependencies) if _PROOF.search(n)), "")
    if proof:
        return passed(guide, f"`{proof}`", *(known.source.evidence(function.head),))
    parameters = [p.name for f in reached for p in f.parameters]
    hint = next((n for n in (*names, *parameters) if _HINT.search(n)), "")
    if hint or "?" in dependencies or route is None:
        why = f"`{hint}` y participe peut-être" if hint else "la route ou ses dépendances n'ont pas été lues"
        return unknown(guide, why)
    elsewhere = next((s for s in known.source.functions if _PROOF.search(short(s)) or "middleware" in s.lower()), "")
    if elsewhere:
        return unknown(guide, f"`{short(elsewhere)}` le fait peut-être, hors de ce qui a été suivi")
    fault = Fault(f"`{short(symbol)}`", function.head)
    return failed(guide, "Webhook ouvert à tous", [fault], known.source.evidence(function.head))
