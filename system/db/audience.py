"""Who a campaign is for: its list and its categories."""

from collections.abc import Sequence

from system.db.connection import Db
from system.domain.phone import PhoneNumber


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
    """Adds every contact of these categories, as they will be at the launch; returns the names that do not exist."""
    distinct = sorted(set(names))
    rows = db.execute(
        """WITH known AS (SELECT id, name FROM categories WHERE name = ANY(%s)),
                added AS (INSERT INTO campaign_categories SELECT %s, id FROM known ON CONFLICT DO NOTHING)
           SELECT name FROM known""",
        [distinct, campaign_id],
    ).fetchall()
    known = {row["name"] for row in rows}
    return tuple(name for name in distinct if name not in known)
