"""The conditions of a run: who could be logged in, what was embedded, simulated, shortened or lifted."""

from collections.abc import Sequence
from dataclasses import dataclass

import redis

from audit.experiments.driver import AlertDelay
from audit.french.typography import french_seconds
from checks.stack import Stack
from system.sandbox.starters import CONFIGURATION

_LETS_IN = {
    "users": "SELECT name FROM users WHERE enabled",
    "access_tokens": "SELECT id FROM access_tokens WHERE revoked_at IS NULL AND expires_at > now()",
}
_DOORS = """
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_name ~ '(user|admin|session|account|token)'
"""
_SHIPPED = "from system.config import Settings; print(*(Settings.model_fields[name].default for name in {names}))"
_GATEWAY = (
    "passerelle : une doublure locale de Wassenger, seule adresse d'envoi donnée à la pile ; son registre fait foi"
)
_SHORTENED = (
    ("bail d'envoi", "SEND_LEASE_SECONDS"),
    ("délai de la passerelle", "GATEWAY_TIMEOUT_SECONDS"),
    ("reprise des webhooks", "INBOX_WAIT_SECONDS"),
    ("essai de la passerelle quand elle refuse tout", "GATEWAY_PROBE_SECONDS"),
    ("alerte", "ALERT_AFTER_SECONDS"),
)
_HOURS = ("SENDING_HOURS", "SENDING_ZONE")


@dataclass
class Conditions:
    """Read from the stack that runs; `others` are the sentences that only the driver knows."""

    stack: Stack
    others: Sequence[str]

    def logged_in(self) -> Sequence[str]:
        """Enabled users and living tokens, and any other table that by its name could let somebody in."""
        found: list[str] = []
        for (name,) in self.stack.rows(_DOORS):
            query = _LETS_IN.get(str(name))
            found += [str(name)] if query is None else [f"{name} : {who}" for (who,) in self.stack.rows(query)]
        return found

    def alert_delay(self) -> AlertDelay:
        """The delay this run was started with, and the default of the tree's own settings."""
        (shipped,) = self._shipped("ALERT_AFTER_SECONDS")
        return AlertDelay(float(self.stack.running.env["ALERT_AFTER_SECONDS"]), float(shipped))

    def deployment(self) -> str:
        """The supervisor configuration."""
        return str(CONFIGURATION)

    def conditions(self) -> Sequence[str]:
        """Those of every run on the reference stack, then the driver's."""
        ((postgres,),) = self.stack.rows("SHOW server_version")
        with redis.Redis.from_url(self.stack.running.redis_url) as client:
            broker = client.info("server")
        name = "Valkey" if "valkey_version" in broker else "Redis"
        version = broker.get("valkey_version", broker["redis_version"])
        shipped = self._shipped(*(setting for _, setting in _SHORTENED))
        durations = ", ".join(
            f"{what} {french_seconds(float(self.stack.running.env[setting]))} ({french_seconds(float(default))})"
            for (what, setting), default in zip(_SHORTENED, shipped, strict=True)
        )
        return [
            _GATEWAY,
            f"serveurs locaux : PostgreSQL {postgres}, {name} {version}",
            f"processus lancés et relancés par `{CONFIGURATION}`, sur une seule machine",
            f"durées de l'essai, et entre parenthèses celles de la livraison : {durations}",
            self.sending_hours(),
            *self.others,
        ]

    def sending_hours(self) -> str:
        """When Message 1 may leave, in this run and as shipped."""
        hours, zone = (self.stack.running.env[setting] for setting in _HOURS)
        shipped_hours, shipped_zone = self._shipped(*_HOURS)
        return (
            f"heures d'envoi de l'essai : {hours}, {zone} ; livrées : {shipped_hours}, {shipped_zone}, fuseau dont les jours servent aussi à compter "
            "la limite quotidienne ; qu'un Message 1 attende l'ouverture n'est pas essayé"
        )

    def _shipped(self, *settings: str) -> list[str]:
        """Their defaults in the tree's own settings."""
        return self.stack.python(_SHIPPED.format(names=[setting.lower() for setting in settings])).split()
