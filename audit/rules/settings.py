"""Rules that only compare one Celery setting with the value it should have."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.facts import Facts, Setting
from audit.known import Known
from audit.model import Excerpt, Finding, Problem, Severity
from audit.probes.source import UNKNOWN
from audit.rules.rule import Rule, defect, established, undetermined

_CONF = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#"


@dataclass(frozen=True)
class SettingIs:
    """A check that a setting has one value; `default` is Celery's own, used where the target sets nothing."""

    name: str
    value: object
    default: object
    purpose: str
    risk: str
    severity: Severity

    def __call__(self, known: Known) -> Sequence[Finding]:
        """Compare, strongest probe first; « indéterminé » when no probe can tell the value."""
        sentence = f"`{self.name}={self.value}` - {self.purpose}"
        seen = list(known.setting(self.name))
        missing = self._missing(known, seen)
        if missing:
            return [undetermined(sentence, missing, "relancer avec `--level configuration`")]
        if not seen:
            return [self._of_default(known)]
        setting, facts = seen[0]
        evidence = [f.evidence(s.excerpt, **{self.name: s.value}) for s, f in seen if s.value is not UNKNOWN]
        if setting.value != self.value:
            written = f"`{self.name}={setting.value}` au lieu de `{self.value}` : {self.risk}"
            return [defect(written, self._problem(setting.excerpt or _written(known, self.name)), *evidence)]
        return [established(sentence + _override_note(setting, facts), *evidence)]

    def _missing(self, known: Known, seen: Sequence[tuple[Setting, Facts]]) -> str:
        """Why the value cannot be told, in French; empty when it can."""
        if not known.probes:
            return known.why_silent or "aucune sonde n'a rien lu"
        if not known.settings_known:
            return "aucune configuration Celery n'a été trouvée dans la cible"
        if seen and seen[0][0].value is UNKNOWN:
            return f"la valeur de `{self.name}` ne se lit pas dans le code"
        if not seen and "*" in known.probes[0].settings:
            return f"des réglages existent qui ne se lisent pas dans le code, peut-être `{self.name}`"
        return ""

    def _of_default(self, known: Known) -> Finding:
        facts = known.probes[0]
        evidence = facts.evidence(défaut=self.default)
        if self.default == self.value:
            return established(f"`{self.name}` vaut {self.value} par défaut - {self.purpose}", evidence)
        sentence = f"`{self.name}` n'est pas réglé, et vaut {self.default} par défaut : {self.risk}"
        return defect(sentence, self._problem(None), evidence)

    def _problem(self, excerpt: Excerpt | None) -> Problem:
        return Problem(
            title=f"`{self.name}` n'est pas à `{self.value}`",
            severity=self.severity,
            impact="Élevé" if self.severity is Severity.CRITICAL else "Faible",
            recommendation=f"Régler `{self.name}={self.value}`",
            situation=(excerpt,) if excerpt else (),
            situation_text="" if excerpt else f"`{self.name}` n'apparaît pas dans la configuration.",
            solution=f"celery_app.conf.{self.name} = {self.value!r}",
        )


def _written(known: Known, name: str) -> Excerpt | None:
    return next((s.excerpt for s, _ in known.setting(name) if s.excerpt), None)


def _override_note(setting: Setting, facts: Facts) -> str:
    if not setting.overridable or facts.level > facts.level.SOURCE:
        return ""
    return f" (valeur par défaut, que `{setting.overridable}` peut changer)"


def _boolean(name: str, rule: str, title: str, purpose: str, risk: str) -> Rule:
    check = SettingIs(name, value=True, default=False, purpose=purpose, risk=risk, severity=Severity.CRITICAL)
    return Rule(rule, title, "Configuration Celery", ("8.4",), _CONF + name.replace("_", "-"), check)


RULES = (
    _boolean(
        "task_acks_late",
        "late-acknowledgement",
        "Acquittement tardif",
        "Acknowledge après exécution",
        "une tâche acquittée avant son exécution est perdue si le worker meurt",
    ),
    _boolean(
        "task_reject_on_worker_lost",
        "reject-on-worker-lost",
        "Remise en file à la mort d'un processus",
        "Requeue si worker crash",
        "une tâche dont le processus est tué est acquittée, donc perdue",
    ),
    Rule(
        "startup-retry",
        "Reconnexion au démarrage",
        "Configuration Celery",
        ("8.4",),
        _CONF + "broker-connection-retry-on-startup",
        SettingIs(
            "broker_connection_retry_on_startup",
            value=True,
            default=None,
            purpose="Retry connexion Redis",
            risk="un worker démarré avant son broker peut s'arrêter",
            severity=Severity.MINOR,
        ),
    ),
)
