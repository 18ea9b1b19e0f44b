"""Which write of a setting wins and why, or what made the setting unknown."""

from collections.abc import Iterator, Sequence

from audit.command.explain.fact_line import FactLine, at
from audit.model.facts import Facts, Setting
from audit.model.setting_writes import Loading, Means, SettingWrite
from audit.model.unknown import UNKNOWN

_ANY = "*"


def winner(name: str, setting: Setting | None, writes: Sequence[SettingWrite]) -> SettingWrite | None:
    """The write that gives a setting the value that the reading has; None where that value is Celery's or unknown."""
    own = [w for w in writes if w.name == name and w.loading is not Loading.NEVER]
    if setting is None or setting.value is UNKNOWN or not own:
        return None
    return next((w for w in reversed(own) if w.excerpt == setting.excerpt), own[-1])


def reasons(facts: Facts, name: str, setting: Setting | None, writes: Sequence[SettingWrite]) -> Iterator[FactLine]:
    """Facts that tell why, the write that wins last."""
    counting = [(n, w) for n, w in enumerate(writes, 1) if w.loading is not Loading.NEVER]
    if setting is None or setting.value is UNKNOWN:
        sure = [index for index, (_, write) in enumerate(counting) if _is_sure(write)]
        for number, write in counting[sure[-1] + 1 if sure else 0 :] or counting:
            yield from _doubts(number, write, unknown=setting is not None or _ANY in facts.settings)
        if setting is None and not counting and _ANY in facts.settings:
            yield at("unknown", "something that was not read may write it", facts.settings[_ANY].excerpt)
        return
    own = [(n, w) for n, w in counting if w.name == name]
    if won := winner(name, setting, writes):
        number = writes.index(won) + 1
        yield at("wins", f"write {number} wins: {_why(number, won, own)}", won.excerpt, quoted=False)


def _why(number: int, won: SettingWrite, own: Sequence[tuple[int, SettingWrite]]) -> str:
    """Why this write wins over the others that count."""
    others = [(n, w) for n, w in own if n != number]
    weaker = [f"write {n}" for n, w in others if w.means is Means.DEFAULTS]
    before = [f"write {n}" for n, w in others if w.means is not Means.DEFAULTS and n < number]
    after = [f"write {n}" for n, w in others if w.means is not Means.DEFAULTS and n > number]
    if not others:
        return "nothing else that counts writes it"
    reasons = [f"it is read after {' and '.join(before)}"] if before and won.means is not Means.DEFAULTS else []
    if weaker and won.means is not Means.DEFAULTS:
        reasons.append(f"{' and '.join(weaker)} only counts where nothing else writes it")
    if after:
        reasons.append(f"{' and '.join(after)} says the same, or is on the way that the source does not take")
    return "; ".join(reasons) or "it is read last"


def _is_sure(write: SettingWrite) -> bool:
    """Whether a write replaces what stood before it, whatever that was."""
    doubted = write.loading is Loading.MAYBE or write.on_a_side or write.means is Means.DEFAULTS
    return not doubted and write.value is not UNKNOWN


def _doubts(number: int, write: SettingWrite, *, unknown: bool) -> Iterator[FactLine]:
    """What of this write makes a setting unknown, or keeps it from counting."""
    if write.name == _ANY:
        reason = "what it merges was not read, and may write over what was there"
    elif write.means is Means.UNCALLED:
        reason = "nothing was seen to call the function that it stands in: whether it runs, and when, is not told"
    elif write.means is Means.CURRENT_APPLICATION:
        reason = "`current_app` may be any application, at a time that is not told"
    elif write.means is Means.REMOVED:
        reason = "what holds once it is removed is not followed"
    elif write.value is UNKNOWN:
        reason = "the source does not tell its value"
        reason += f", which {write.variable} gives" if write.variable else ""
    elif write.loading is Loading.MAYBE:
        reason = f"workers may load {write.module} or not"
    elif write.on_a_side:
        reason = "it depends on what the source does not decide" if unknown else "the source takes another way"
    else:
        return
    effect = "leaves it unknown" if unknown else "does not count"
    yield at("unknown" if unknown else "aside", f"write {number} {effect}: {reason}", write.excerpt, quoted=False)
    for name in write.unknown_names:
        yield at("unknown", f"write {number} uses {name}", write.excerpt, quoted=False)
    if write.test:
        yield at("unknown", f"write {number} depends on this line", write.test)
