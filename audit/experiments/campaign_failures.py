"""7.1: campaigns whose contacts have all ended, some by a failure: closed, or paused and left open."""

from dataclasses import dataclass

from audit.experiments.abilities import CampaignBook, CampaignSeen
from audit.experiments.experiment import Record
from audit.experiments.waiting import wait_until

_FEW = 2
_SILENT_FOR = 25 * 3600.0


@dataclass(frozen=True)
class Exhausted:
    """A campaign whose only message had no attempt left: how it stood then, and whether a resumption sent that message."""

    seen: CampaignSeen
    sent: bool


@dataclass(frozen=True)
class FailedCampaigns:
    """How they stand: a small and a larger one, refused for good; one without an attempt left; one paused by hand with a refusal."""

    small: CampaignSeen
    many: CampaignSeen
    exhausted: Exhausted
    by_hand: CampaignSeen

    @property
    def left_open(self) -> list[tuple[str, str]]:
        """Paused campaigns whose contacts have all ended: what each is, in short and in full (French)."""
        many = len(self.many.contacts)
        cases = (
            (self.many, f"{many} refus", f"une campagne de {many} contacts, tous refusés pour de bon"),
            (
                self.exhausted.seen,
                "un message sans essai restant",
                "une campagne dont le seul message a épuisé ses essais (il part quand elle est reprise)",
            ),
            (
                self.by_hand,
                "une pause à la main et un refus",
                "une campagne de 2 contacts mise en pause à la main, l'un refusé pour de bon et l'autre silencieux plus de 24 h",
            ),
        )
        return [(short, told) for seen, short, told in cases if seen.status == "paused" and all(seen.contacts.values())]


def play_failures(
    driver: CampaignBook, record: Record, many: int, step_seconds: float, open_seconds: float
) -> FailedCampaigns:
    """One after the other; `open_seconds`: how long the stack is given to close the one that was paused by hand."""
    small, large = (_all_refused(driver, record, contacts, step_seconds) for contacts in (_FEW, many))
    exhausted = _exhausted(driver, record, step_seconds)
    return FailedCampaigns(small, large, exhausted, _paused_by_hand(driver, record, step_seconds, open_seconds))


def _all_refused(driver: CampaignBook, record: Record, contacts: int, step_seconds: float) -> CampaignSeen:
    """How a campaign stands of which nothing could be sent."""
    campaign = driver.campaign_of(driver.launch_refusing(contacts, contacts)[0])

    def settled() -> bool:
        seen = driver.campaign(campaign)
        return seen.status == "completed" or (seen.status == "paused" and all(seen.contacts.values()))

    wait_until(settled, step_seconds, 0.2)
    after = driver.campaign(campaign)
    record.note(
        f"une campagne de {contacts} contacts, dont la passerelle refuse tous les envois pour de bon : `{after.status}`"
    )
    return after


def _exhausted(driver: CampaignBook, record: Record, step_seconds: float) -> Exhausted:
    """How a campaign stands whose only message failed for now, and what its resumption does of it."""
    key = driver.launch_exhausted()
    campaign = driver.campaign_of(key)
    wait_until(lambda: driver.campaign(campaign).status != "sending", step_seconds, 0.2)
    seen = driver.campaign(campaign)
    record.note(f"une campagne dont le seul message a épuisé ses essais (réponses 429) passe à `{seen.status}`")
    if seen.status != "paused":
        return Exhausted(seen, sent=False)
    driver.resume_failed(campaign)
    sent = wait_until(lambda: key in {a.key for a in driver.accepted()}, step_seconds, 0.2)
    record.note(f"cette campagne reprise pour ce qui a échoué, le message {'part' if sent else 'ne part pas'}")
    return Exhausted(seen, sent=sent)


def _paused_by_hand(driver: CampaignBook, record: Record, step_seconds: float, open_seconds: float) -> CampaignSeen:
    """How a paused campaign stands whose contacts have ended, one of them by a refusal."""
    silent, refused = driver.launch_refusing(2, 1)
    campaign = driver.campaign_of(silent)

    def settled() -> bool:
        recorded = driver.recorded()
        return recorded.get(silent) in {"sent", "delivered", "read"} and recorded.get(refused) == "failed"

    wait_until(settled, step_seconds)
    driver.pause(campaign)
    driver.sent_ago({silent: _SILENT_FOR})
    driver.run_expiry()
    wait_until(lambda: driver.campaign(campaign).status == "completed", open_seconds, 0.2)
    after = driver.campaign(campaign)
    record.note(
        "une campagne de deux contacts, l'un refusé pour de bon, est mise en pause à la main ; la date d'envoi de l'autre est reculée de 25 h, et la "
        f"tâche horaire exécutée : `{after.status}`"
    )
    return after
