"""Secrets, certificates and webhooks: what an outsider may read, forge or lose."""

import re
from collections.abc import Sequence
from dataclasses import replace

from audit.french.typography import counted
from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.gaps import Doubt, Gap
from audit.model.guard_facts import SkippedCall
from audit.model.observations.secrets_and_certificates import (
    HardcodedSecret,
    ReadDeployment,
    TrackedEnvironment,
    UnreadSecret,
    UnreadVerification,
    UnverifiedCertificate,
)
from audit.model.target_facts import TargetFacts
from audit.rules.domains.caller_domain import Check, enforced, run_by_webhook, skipped, without_key
from audit.rules.domains.program_domain import SourceFile, source_files, tracked
from audit.rules.domains.setting_domain import place_of
from audit.rules.effective_settings import short
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide, without_role

_CONFIG = "https://12factor.net/config"
_REQUESTS = "https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification"
_HOOKS = "https://www.standardwebhooks.com/"
_NAMED = 3
_NO_CODE = "aucun code Python n'a été lu"

_CA_ADVICE = 'Donner l\'autorité qui signe ce certificat, autosigné compris, et garder `ssl_cert_reqs="required"`'
_CONTEXT_ADVICE = "Donner un contexte : sans lui, ces clients de la bibliothèque standard ne vérifient aucun certificat"
_CONTEXT_SOLUTION = "context = ssl.create_default_context()\nsmtp.starttls(context=context)\nimaplib.IMAP4_SSL(host, ssl_context=context)"
_OWN_CONTEXT = 'context = ssl.create_default_context(cafile="/etc/ssl/internal-ca.pem")'
_CA_SOLUTION = 'Redis(host=host, ssl=True, ssl_ca_certs="/etc/ssl/internal-ca.pem")'


@practice(
    "no-literal-secret",
    "Pas de secret en dur",
    reference=_CONFIG,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Aucun secret reconnaissable n'est écrit en toutes lettres, valeurs d'exemple, adresses locales et tests mis à part",
        fails="Un secret est écrit en toutes lettres dans le code",
        advice="Le lire dans l'environnement, et le remplacer : il est dans l'historique",
        solution='API_KEY = os.environ["API_KEY"]',
        undetermined=_NO_CODE,
        impact="Élevé : qui lit le dépôt a le secret",
        unsought="l'historique de git n'est pas lu",
    ),
    example="""
        «¦import os

        »from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        API_KEY = «"sk_live_51Hq8v2eZvKYlo2C7bXrT9"¦os.environ["API_KEY"]»


        @app.task
        def charge(order_id):
            bank.charge(order_id, key=API_KEY)
    """,
)
def _secrets(known: TargetFacts) -> Sequence[Finding]:
    domain = source_files(known, HardcodedSecret, lambda seen: seen.path)

    # The lines are not quoted: a report must not carry what it says should not be written.
    def faults(file: SourceFile[HardcodedSecret]) -> list[Fault]:
        return [Fault(f"{o.what}, `{o.path}` ligne {o.line}") for o in file.seen if not o.only]

    def possible(file: SourceFile[HardcodedSecret]) -> list[Fault]:
        return [Fault(f"{o.what} ({o.only}), `{o.path}` ligne {o.line}") for o in file.seen if o.only]

    unread = [Doubt(*place_of(o.excerpt), o.what) for o in known.source.observations_of(UnreadSecret)]
    domain = replace(domain, gaps=(*unread, *domain.gaps))
    deployed = known.source.observations_of(ReadDeployment)
    aside = [f"`{path}`" for o in deployed for path in o.aside]
    detail = f"{domain.read} Python, {counted(sum(o.count for o in deployed), 'fichier')} de déploiement ou de réglages"
    if aside:
        more = f" et {counted(len(aside) - _NAMED, 'autre')}" if len(aside) > _NAMED else ""
        detail += f" ; laissés de côté, pour des essais ou à remplir : {', '.join(aside[:_NAMED])}{more}"
    evidence = known.source.evidence()
    answer = conclude(domain, faults, possible_of=possible)
    answer = replace(answer, faults=tuple(sorted(answer.faults, key=_doubtful)))
    return answered(_secrets.guide, "Secret dans le code", answer, evidence, nothing=_NO_CODE, detail=detail)


def _doubtful(fault: Fault) -> tuple[bool, bool, bool]:
    """A key in full comes before an address, a password before none of them, and the code before the files that start it."""
    what, code = fault.text, ".py` ligne" in fault.text
    return "adresse" in what, not code, "PASS" in what.upper()


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
    example={
        "app.py": with_app("""
        """),
        "«.env¦.gitignore»": "«API_KEY=…¦.env»",
    },
)
def _environments(known: TargetFacts) -> Sequence[Finding]:
    answer = conclude(tracked(known), lambda o: [Fault(f"`{o.path}`")] if isinstance(o, TrackedEnvironment) else [])
    evidence = known.source.evidence()
    return answered(_environments.guide, "`.env` suivi par git", answer, evidence, nothing="aucun fichier n'est suivi")


@practice(
    "http-verified",
    "Certificats des serveurs",
    reference=_REQUESTS,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Aucun appel ne désactive la vérification du certificat d'un serveur",
        fails="Un client ne vérifie pas le certificat du serveur : qui intercepte la connexion peut se faire passer pour lui",
        advice="Rétablir la vérification du certificat, ou donner l'autorité attendue",
        solution='httpx.get(url, verify="/etc/ssl/internal-ca.pem")',
        undetermined=f"{_NO_CODE}, ou ce que `verify` vaut ne se lit pas",
        impact="Élevé : échanges lus ou modifiés en route",
    ),
    example="""
        import requests
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")


        @app.task
        def stock(product):
            requests.get(f"https://stock.internal/{product}", timeout=5, verify=«False¦"/etc/ssl/internal-ca.pem"»)
    """,
)
def _verified(known: TargetFacts) -> Sequence[Finding]:
    guide = _verified.guide
    domain = source_files(known, UnverifiedCertificate, lambda seen: seen.excerpt.path if seen.excerpt else "")
    domain = replace(domain, gaps=(*_unread(known), *domain.gaps))
    seen = known.source.observations_of(UnverifiedCertificate)
    if seen and all(o.argument.startswith("ssl_cert_reqs") for o in seen):
        guide = replace(guide, advice=_CA_ADVICE, solution=_CA_SOLUTION)
    elif seen and not any(o.argument.startswith("verify") for o in seen):
        guide = replace(guide, solution=_OWN_CONTEXT)
    if seen and all(o.argument.endswith("context=None)") for o in seen):
        guide = replace(guide, advice=_CONTEXT_ADVICE, solution=_CONTEXT_SOLUTION)

    def faults(file: SourceFile[UnverifiedCertificate]) -> list[Fault]:
        return [Fault(f"{_where(o)} ({_shown(o)})", o.excerpt) for o in file.seen if not o.condition]

    def possible(file: SourceFile[UnverifiedCertificate]) -> list[Fault]:
        told = ((o, f"{_where(o)} ({_shown(o)}), selon `{o.condition}`") for o in file.seen if o.condition)
        return [Fault(text, o.excerpt) for o, text in told]

    evidence = [known.source.evidence(o.excerpt) for o in seen] or [known.source.evidence()]
    answer = conclude(domain, faults, possible_of=possible)
    title, detail = "Certificat d'un serveur non vérifié", f"{domain.read} Python, tests mis à part"
    return answered(guide, title, answer, *evidence, nothing=_NO_CODE, detail=detail)


def _unread(known: TargetFacts) -> list[Gap]:
    seen = known.source.observations_of(UnreadVerification)
    told = ((o, f"vérifie selon `{o.argument}`, qui ne se lit pas") for o in seen if not o.silenced)
    silent = (
        (o, f"fait taire, par `{o.argument}`, l'avertissement de requêtes non vérifiées") for o in seen if o.silenced
    )
    return [Doubt(*place_of(o.excerpt), f"{_where(o)} {why}") for o, why in (*told, *silent)]


def _shown(seen: UnverifiedCertificate) -> str:
    """The option that verifies nothing; one that is left out is not quoted as if it were written."""
    left_out = re.fullmatch(r"(.*?)\((?:…, )?(\w+)=None\)", seen.argument)
    return f"`{left_out[1]}` sans `{left_out[2]}`" if left_out else f"`{seen.argument}`"


def _where(seen: UnverifiedCertificate | UnreadVerification) -> str:
    return f"`{short(seen.symbol) or (seen.excerpt.path if seen.excerpt else '')}`"


@practice(
    "webhook-authentic",
    "Webhook authentifié",
    reference=_HOOKS,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Le webhook vérifie qui l'appelle, et refuse celui qui échoue",
        fails="Le webhook ne vérifie pas qui l'appelle : n'importe qui peut forger un événement",
        advice="Vérifier une signature du corps, ou un secret partagé, à temps constant",
        solution="if not hmac.compare_digest(signature, expected):\n    raise HTTPException(401)",
        undetermined="le rôle `webhook` n'est pas renseigné, ou la vérification peut se faire hors de ce qui a été suivi",
        impact="Élevé : événements forgés",
        unsought="que la clé soit réglée en production n'est pas lu",
    ),
    example={
        "audit.toml": """
            [roles]
            webhook = "app:receive"
        """,
        "app.py": """
            «from fastapi import FastAPI¦import hmac

            from fastapi import FastAPI, HTTPException», Request

            api = FastAPI()


            @api.post("/webhooks/gateway")
            async def receive(request: Request):
                body = await request.body()«¦
                expected = hmac.digest(KEY, body, "sha256").hex()
                if not hmac.compare_digest(request.headers["signature"], expected):
                    raise HTTPException(401)»
                inbox.store(body)
                return {}
        """,
    },
)
def _authentic(known: TargetFacts) -> Sequence[Finding]:
    guide = _authentic.guide
    if not known.target.role("webhook") and "webhook" in known.target.absent:
        return [without_role(known, "webhook", guide.passes)]
    domain = run_by_webhook(known)

    def faults(check: Check) -> list[Fault]:
        if not enforced(known, check):
            return [_open_to_all(check)]
        if empty := without_key(check):
            return [Fault(f"`{short(check.chain[0].symbol)}` : la clé de `{empty.name}` est vide", empty.excerpt)]
        left_out = skipped(known, check)
        return [_left_out(check, left_out)] if left_out else []

    checks = [check.call for check in domain.members if check.call and enforced(known, check)]
    evidence = [known.source.evidence(call.excerpt) for call in checks] or [known.source.evidence()]
    answer = conclude(domain, faults)
    detail = ", ".join(dict.fromkeys(f"`{call.name}`" for call in checks))
    return answered(guide, "Webhook ouvert à tous", answer, *evidence, nothing=_NO_CODE, detail=detail)


def _left_out(check: Check, call: SkippedCall) -> Fault:
    start = f"`{short(check.chain[0].symbol)}`"
    if call.condition:
        return Fault(f"{start} n'appelle `{call.name}` que si `{call.condition}`", check.chain[0].head)
    return Fault(f"{start} continue quand `{call.name}` échoue", check.chain[0].head)


def _open_to_all(check: Check) -> Fault:
    start = short(check.chain[0].symbol)
    if check.call is None:
        return Fault(f"`{start}`", check.chain[0].head)
    return Fault(f"`{start}` n'emploie pas la réponse de `{check.call.name}`", check.call.excerpt)
