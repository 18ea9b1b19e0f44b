"""Where a setting is written, which write wins and why, or what made it unknown."""

from collections.abc import Iterator

from audit.command.explain.fact_line import Explanation, FactLine, at, told
from audit.command.explain.setting_overrides import overrides
from audit.command.explain.setting_reasons import reasons, winner
from audit.model.facts import Application, Facts, Setting
from audit.model.setting_writes import Loading, Means, SettingWrite
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.celery_releases import CeleryRelease
from audit.rules.effective_settings import release_of

_ANY = "*"
_FILE = "celery/app/defaults.py"
_IMPORT = "`audit run --level configuration` imports the application, and tells the value that it has there"
_WRITTEN = {
    Means.ASSIGNED: "an assignment writes {value}",
    Means.ARGUMENT: "an argument of the Celery application writes {value}",
    Means.UPDATED: "`conf.update` writes {value}",
    Means.LOADED: "a loaded configuration (module, class or dictionary) writes {value}",
    Means.DEFAULTS: "`add_defaults` gives, where nothing else writes it, {value}",
    Means.SET_BY_NAME: "`setattr` writes {value}",
    Means.PERIODIC: "`add_periodic_task` adds to it",
    Means.UNCALLED: "a function that nothing was seen to call may write it",
    Means.CURRENT_APPLICATION: "`current_app` may write it",
    Means.REMOVED: "it is removed",
}
_MAY_WRITE = {
    Means.LOADED: "a configuration that was not read is loaded: it may write any setting",
    Means.UNCALLED: "a function that nothing was seen to call may write any setting",
    Means.CURRENT_APPLICATION: "`current_app` may write any setting",
}


def explain_setting(known: TargetFacts, asked: str, name: str) -> Explanation:
    """Everything that the source tells of a setting, under today's name."""
    facts = known.source
    setting = facts.settings.get(name)
    writes = in_order(facts, name)
    won = winner(name, setting, writes)
    told_by_source = setting.value is not UNKNOWN if setting else _ANY not in facts.settings
    told_by_source = told_by_source and not (won and won.outside)
    counted_writes = [w for w in writes if w.name == name and w.loading is not Loading.NEVER]
    lines = [*_names(asked, name), _value(known, name, setting, won, aside=bool(counted_writes))]
    lines += [line for number, write in enumerate(writes, 1) for line in _write(facts, number, write, name)]
    lines += reasons(facts, name, setting, writes)
    lines += overrides(known, name)
    if facts.configured_by:
        lines.append(
            FactLine("note", f"the key {facts.configured_by} of the project's configuration may replace all settings")
        )
    if not told_by_source:
        lines += [*_not_read(facts), FactLine("note", _IMPORT)]
    return Explanation(asked, "setting", name, told_by_source, lines)


def in_order(facts: Facts, name: str) -> list[SettingWrite]:
    """The writes of a setting, and those that may be of any, in the order read."""
    return sorted([w for n in (name, _ANY) for w in facts.setting_writes.get(n, ())], key=lambda write: write.position)


def _names(asked: str, name: str) -> Iterator[FactLine]:
    if asked != name:
        yield FactLine("name", f"{asked} is another name of {name}, which Celery has today")


def _default(name: str, line: CeleryRelease) -> str:
    if line.declares(name):
        return f"{line.default_text(name)}, the default of Celery {line.name} ({_FILE})"
    return f"without a default in {_FILE} of Celery {line.name}"


def _value(
    known: TargetFacts, name: str, setting: Setting | None, won: SettingWrite | None, *, aside: bool
) -> FactLine:
    if setting is None:
        return FactLine("value", f"{name} is {_unwritten(known, name, aside=aside)}")
    if setting.value is UNKNOWN:
        why = ": which application is audited is not told" if _several(known.source) else ""
        return FactLine("value", f"{name} is unknown{why}")
    if won and won.outside:
        return FactLine("value", f"{name} is unknown: it is {won.outside}, which is outside the project")
    changed = f", unless {setting.overridable} replaces it" if setting.overridable else ""
    return FactLine("value", f"{name} is {told(setting.value, name)}{changed}")


def _unwritten(known: TargetFacts, name: str, *, aside: bool) -> str:
    """What is told of a setting that the reading gives no value; `aside`: something may write it all the same."""
    facts, line = known.source, release_of(known)
    if _several(facts):
        return "unknown: which application is audited is not told"
    if _ANY in facts.settings:
        return "unknown: nothing names it, and something that was not read may write it"
    if aside:
        return f"not written on the way that the source takes: {_default(name, line)}"
    return f"not written: {_default(name, line)}"


def _write(facts: Facts, number: int, write: SettingWrite, name: str) -> Iterator[FactLine]:
    key = write.variable == facts.configured_by
    holder = f"the key {write.variable} of the project's configuration" if key else f"the variable {write.variable}"
    value = told(write.value, name) if write.value is not UNKNOWN else "a value that the source does not tell"
    changed = f", unless {holder} replaces it" if write.variable and write.value is not UNKNOWN else ""
    changed = f", which {holder} gives" if write.variable and write.value is UNKNOWN else changed
    if write.name == _ANY:
        text = _MAY_WRITE.get(write.means, "something that was not read is merged: it may write any setting")
    else:
        text = _WRITTEN[write.means].format(value=value + changed)
        text += f", under the name {write.written_as}" if write.written_as != name else ""
    text += {Loading.LOADED: "", Loading.NEVER: f"; workers do not load {write.module}: it does not count",
             Loading.MAYBE: f"; workers may load {write.module}, or not"}[write.loading]  # fmt: skip
    yield at("write", f"write {number}: {text}", write.excerpt)
    if write.call:
        yield at("called", f"write {number} reaches the application here", write.call)


def _not_read(facts: Facts) -> Iterator[FactLine]:
    several = _several(facts)
    for one in several:
        text = f"{one.symbol} is one of {len(several)} applications; `target.celery_app` says which is audited"
        yield at("unknown", text, one.excerpt, quoted=False)
    for path, reason in facts.unread:
        if path.endswith(".py"):
            yield FactLine("unread", f"not read, so what it writes is not told (« {reason} »)", path)


def _several(facts: Facts) -> list[Application]:
    """The applications that the reading did not tell from each other: on some setting they do not agree."""
    celery = [a for a in facts.applications if a.kind == "celery"]
    return celery if len(celery) > 1 and any(s.value is UNKNOWN for s in facts.settings.values()) else []
