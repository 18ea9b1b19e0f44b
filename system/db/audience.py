"""Who a campaign is for: its list and its categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from system.db.campaigns import Texts
from system.db.connection import Db
from system.domain import content
from system.domain.content import Content
from system.domain.phone import PhoneNumber
from system.domain.variables import variables


def add_contacts(db: Db, campaign_id: int, phones: Sequence[PhoneNumber]) -> None:
    """Puts these numbers on the campaign's list. Whoever gives them answers for their consent, which is recorded with its source."""
    distinct = _one_a_person(db, phones)
    db.execute(
        """INSERT INTO contacts AS p (phone, opted_in_at, opt_in_source)
           SELECT unnest(%(phones)s::text[]), now(), %(source)s
           ON CONFLICT (phone) DO UPDATE SET opted_in_at = excluded.opted_in_at, opt_in_source = excluded.opt_in_source
           WHERE p.opted_in_at IS NULL""",
        {"phones": distinct, "source": f"list of campaign {campaign_id}"},
    )
    db.execute(
        """INSERT INTO campaign_contacts (campaign_id, contact_id)
           SELECT %s, id FROM contacts WHERE phone = ANY(%s) ON CONFLICT DO NOTHING""",
        [campaign_id, distinct],
    )


def add_tester(db: Db, campaign_id: int, phone: PhoneNumber) -> None:
    """Makes a test message go to this number; that says nothing of a consent, and none is recorded."""
    (known,) = _one_a_person(db, [phone])
    db.execute("INSERT INTO contacts (phone) VALUES (%s) ON CONFLICT (phone) DO NOTHING", [known])
    db.execute(
        """INSERT INTO campaign_contacts (campaign_id, contact_id)
           SELECT %s, id FROM contacts WHERE phone = %s ON CONFLICT DO NOTHING""",
        [campaign_id, known],
    )


def record_consent(db: Db, phone: PhoneNumber, *, at: datetime, source: str) -> None:
    """The person consents, from `at` on (UTC): a contact of either form of the number, else a new one."""
    (known,) = _one_a_person(db, [phone])
    db.execute(
        """INSERT INTO contacts (phone, opted_in_at, opt_in_source) VALUES (%s, %s, %s)
           ON CONFLICT (phone) DO UPDATE SET opted_in_at = excluded.opted_in_at, opt_in_source = excluded.opt_in_source""",
        [known, at, source],
    )


def _one_a_person(db: Db, phones: Sequence[PhoneNumber]) -> list[str]:
    """Of each person one number: the one that is stored, where one of the two is."""
    people: dict[frozenset[str], str] = {}
    for phone in sorted(set(phones)):
        people.setdefault(frozenset(phone.forms), phone)
    several = [form for forms in people if len(forms) > 1 for form in forms]
    found = db.execute("SELECT phone FROM contacts WHERE phone = ANY(%s)", [several]).fetchall() if several else []
    stored = {row["phone"] for row in found}
    return sorted(phone if phone in stored else min(forms & stored, default=phone) for forms, phone in people.items())


def add_categories(db: Db, campaign_id: int, names: Sequence[str]) -> tuple[str, ...]:
    """Adds every contact of these categories, as they will be at the launch; returns the names that do not exist.

    Case does not count, unless two categories differ by nothing else.
    """
    stored = db.execute("SELECT id, name FROM categories ORDER BY id").fetchall()
    exact = {row["name"]: row["id"] for row in stored}
    folded: dict[str, list[int]] = {}
    for row in stored:
        folded.setdefault(row["name"].casefold(), []).append(row["id"])
    found = {name: [exact[name]] if name in exact else folded.get(name.casefold(), []) for name in sorted(set(names))}
    db.execute(
        "INSERT INTO campaign_categories (campaign_id, category_id) SELECT %s, unnest(%s::bigint[]) ON CONFLICT DO NOTHING",
        [campaign_id, sorted({each for ids in found.values() for each in ids})],
    )
    return tuple(name for name, ids in found.items() if not ids)


def clear_contacts(db: Db, campaign_id: int) -> None:
    """Takes every number from a draft's list; what consents were recorded stay."""
    db.execute("DELETE FROM campaign_contacts WHERE campaign_id = %s", [campaign_id])


def clear_categories(db: Db, campaign_id: int) -> None:
    """Takes every category from a draft."""
    db.execute("DELETE FROM campaign_categories WHERE campaign_id = %s", [campaign_id])


def categories(db: Db, campaign_id: int) -> list[str]:
    """The names of the campaign's categories, in their order."""
    rows = db.execute(
        """SELECT k.name FROM campaign_categories AS c JOIN categories AS k ON k.id = c.category_id
           WHERE c.campaign_id = %s ORDER BY k.name""",
        [campaign_id],
    ).fetchall()
    return [row["name"] for row in rows]


@dataclass(frozen=True)
class Audience:
    """How many people a campaign is for. `recipients` are written to; each of the others is counted once, in this order:
    who opted out, whose number is not on WhatsApp, of whom no consent is recorded.
    """

    recipients: int
    opted_out: int
    invalid: int
    without_consent: int

    @property
    def everybody(self) -> int:
        return self.recipients + self.opted_out + self.invalid + self.without_consent


# Of each person one row, as `campaigns.freeze` takes them. A test message goes to whoever asked for it, without a consent.
_PEOPLE = """
SELECT p.*, s.phone IS NOT NULL AS suppressed,
    s.phone IS NULL AND p.whatsapp_status <> 'invalid'
        AND (p.opted_in_at IS NOT NULL OR (SELECT test_of FROM campaigns WHERE id = %(id)s) IS NOT NULL) AS receives
FROM (SELECT DISTINCT ON (person_of(phone)) * FROM contacts
    WHERE id IN (SELECT contact_id FROM campaign_contacts WHERE campaign_id = %(id)s
        UNION SELECT k.contact_id FROM campaign_categories AS g
        JOIN contact_categories AS k USING (category_id) WHERE g.campaign_id = %(id)s)
    ORDER BY person_of(phone), opted_in_at IS NULL OR whatsapp_status = 'invalid', id) AS p
LEFT JOIN suppressions AS s ON s.phone = p.phone
"""


def audience(db: Db, campaign_id: int) -> Audience:
    """Whom a launch would write to at this moment, and whom it would not."""
    row = db.execute(
        f"""SELECT count(*) FILTER (WHERE receives) AS recipients, count(*) FILTER (WHERE suppressed) AS opted_out,
                count(*) FILTER (WHERE NOT suppressed AND whatsapp_status = 'invalid') AS invalid,
                count(*) FILTER (WHERE NOT suppressed AND whatsapp_status <> 'invalid' AND opted_in_at IS NULL)
                    AS without_consent
            FROM ({_PEOPLE}) AS people""".encode(),  # noqa: S608 (constants only)
        {"id": campaign_id},
    ).fetchone()
    return Audience(**row) if row else Audience(0, 0, 0, 0)


@dataclass(frozen=True)
class Lacking:
    """How many people have no value for a variable, and the first of them: their id and their name or number."""

    people: int
    first: tuple[tuple[int, str], ...]


# No value stands for a variable: what `filled` would write of it.
_MISSING = """SELECT count(*) AS people,
    (array_agg(jsonb_build_array(id, coalesce(nullif(people.name, ''), phone)) ORDER BY id))[:%(named)s] AS first
FROM ({people}) AS people WHERE receives AND '' = ANY (ARRAY(
    SELECT filled('{{{{' || name || '}}}}', first_name, last_name, people.name) FROM unnest(%(names)s::text[]) AS name))"""


def lacking(db: Db, campaign_id: int, names: Sequence[str], *, named: int) -> Lacking | None:
    """Who of those who would be written to has no value for one of these variables, `named` of them told; None if nobody."""
    if not names:
        return None
    values = {"id": campaign_id, "names": list(names), "named": named}
    row = db.execute(_MISSING.format(people=_PEOPLE).encode(), values).fetchone()
    if row is None or not row["people"]:
        return None
    return Lacking(row["people"], tuple((contact_id, who) for contact_id, who in row["first"]))


@dataclass(frozen=True)
class TooLong:
    """How many people would read a text that the gateway does not take, the first of them by name or number, and which text."""

    people: int
    first: tuple[str, ...]
    message: bool
    follow_up: bool


# Only texts that may be too long are filled: no value is longer than all that is known of a name.
_LONGER = """CASE WHEN char_length({text}) + %(variables)s * char_length(concat(p.first_name, p.last_name, p.name)) > {most}
    THEN char_length(filled({text}, p.first_name, p.last_name, p.name)) > {most} ELSE false END"""
_TOO_LONG = f"""
SELECT count(*) AS people, bool_or(message) AS message, bool_or(follow_up) AS follow_up,
    (array_agg(who ORDER BY id))[:%(named)s] AS first
FROM (SELECT p.id, coalesce(nullif(p.name, ''), p.phone) AS who,
        {_LONGER.format(text="c.message_template", most="%(most)s")} AS message,
        {_LONGER.format(text="c.follow_up_template", most="%(most_follow_up)s")} AS follow_up
    FROM ({_PEOPLE}) AS p JOIN campaigns AS c ON c.id = %(id)s WHERE p.receives) AS people
WHERE message OR follow_up
"""  # noqa: S608 (constants only)


def too_long(db: Db, campaign_id: int, texts: Texts, *, named: int) -> TooLong | None:
    """Who of those who would be written to would read too long a text once it is filled, `named` of them told; None if nobody."""
    count = max(len(variables(texts.message)), len(variables(texts.follow_up)))
    if not count:
        return None
    values = {"id": campaign_id, "variables": count, "named": named}
    values |= {"most": content.most_text(texts.content), "most_follow_up": content.MOST_TEXT}
    row = db.execute(_TOO_LONG.encode(), values).fetchone()
    if row is None or not row["people"]:
        return None
    return TooLong(row["people"], tuple(row["first"]), row["message"], row["follow_up"])


@dataclass(frozen=True)
class Sample:
    """What one contact of a campaign would read."""

    contact_id: int
    phone: str
    name: str | None
    message: str
    follow_up: str
    content: Content | None


def sample(db: Db, campaign_id: int, *, after: int = 0) -> Sample | None:
    """What the first contact behind `after` would read, of those who would be written to; None when there is no other."""
    row = db.execute(
        f"""SELECT p.id AS contact_id, p.phone, p.name,
                filled(c.message_template, p.first_name, p.last_name, p.name) AS message,
                filled(c.follow_up_template, p.first_name, p.last_name, p.name) AS follow_up,
                filled_content(c.content, p.first_name, p.last_name, p.name) AS content
            FROM ({_PEOPLE}) AS p JOIN campaigns AS c ON c.id = %(id)s
            WHERE p.receives AND p.id > %(after)s ORDER BY p.id LIMIT 1""".encode(),  # noqa: S608 (constants only)
        {"id": campaign_id, "after": after},
    ).fetchone()
    return None if row is None else Sample(**row | {"content": content.read(row["content"])})
