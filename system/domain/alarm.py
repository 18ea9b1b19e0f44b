"""When a silence becomes an alert, and when the alert is over: one state machine a component, without any clock."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Silent:
    """The component has been silent for too long, since this moment."""

    since: datetime


@dataclass(frozen=True)
class Recovered:
    """The component has worked steadily, since this moment."""

    since: datetime


@dataclass(frozen=True)
class Watch:
    """What is remembered of a component from one look to the next.

    `attended_since` starts the present unbroken run of looks; `steady_since`, while raised, the present run of beats;
    `raised_at` is when the last silence was told.
    """

    attended_since: datetime
    looked_at: datetime
    raised: bool = False
    steady_since: datetime | None = None
    raised_at: datetime | None = None


@dataclass(frozen=True)
class AlarmPolicy:
    """Raises after `alert_after` of observed silence; ends after as much steady work, so that flapping alerts once.

    A component that works for less, and then is silent for as long again, raises again: nobody waits for it any more.
    """

    alert_after: timedelta

    @property
    def blind_after(self) -> timedelta:
        """A longer time between two looks was spent not knowing: silence is counted from the later look."""
        return self.alert_after / 2

    @property
    def steady_gap(self) -> timedelta:
        """A raised component that is silent for longer is not steady."""
        return self.alert_after * 0.75

    def look(
        self, watch: Watch | None, *, now: datetime, beat_at: datetime | None
    ) -> tuple[Watch, Silent | Recovered | None]:
        """What is to be remembered, and what has just changed. `watch` is None at the first look ever.

        `beat_at` is the component's last sign of life, None when it never gave one.
        """
        watch = self._attended(watch, now)
        heard_at = watch.attended_since if beat_at is None else max(beat_at, watch.attended_since)
        silent = now - heard_at >= self.alert_after
        if silent and (not watch.raised or self._worked_since(watch, beat_at)):
            return replace(watch, raised=True, raised_at=now, steady_since=None), Silent(heard_at)
        if not watch.raised:
            return watch, None
        # A component is steady by its own beats only, never by our not having looked.
        if beat_at is None or now - beat_at > self.steady_gap:
            return replace(watch, steady_since=None), None
        steady_since = watch.steady_since or now
        # As far as the last beat: the silence after it is not work.
        if beat_at - steady_since < self.alert_after:
            return replace(watch, steady_since=steady_since), None
        return replace(watch, raised=False, steady_since=None), Recovered(steady_since)

    @staticmethod
    def _worked_since(watch: Watch, beat_at: datetime | None) -> bool:
        return beat_at is not None and watch.raised_at is not None and beat_at > watch.raised_at

    def _attended(self, watch: Watch | None, now: datetime) -> Watch:
        if watch is None:
            return Watch(attended_since=now, looked_at=now)
        if now - watch.looked_at > self.blind_after:
            return replace(watch, attended_since=now, looked_at=now, steady_since=None)
        return replace(watch, looked_at=now)
