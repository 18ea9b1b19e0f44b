"""What surrounds the stack: webhooks' proof, proxy, zone and clock, disk, and the key of erased numbers."""

import ipaddress
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import psycopg

from system.db import clock_skew, known_addresses, people
from system.db.impatient import impatient_connection
from system.domain.erasure import ErasureKey
from system.domain.sending_hours import SendingHours
from system.services.diagnosis import PATIENCE_SECONDS, Finding

# A lease, a window and a schedule bear less than this between the clocks of two machines.
MOST_SKEW_SECONDS = 5.0
LEAST_FREE_BYTES = 200_000_000
NO_DATABASE = "cannot be known without the database", "mend the database first"


def webhook_part(*, has_secret: bool) -> Finding:
    """Whether webhooks prove that they are the gateway's."""
    if has_secret:
        return Finding("webhook", True, "a webhook has to prove that it knows the secret")
    seen = "webhooks prove nothing: whoever knows the address opts anybody out, or fills the inbox"
    return Finding("webhook", False, seen, "set WASSENGER_WEBHOOK_SECRET, here and in the webhook at Wassenger")


def proxy_part(url: str, allowed: str) -> Finding:
    """Whether the clients' addresses are known; `allowed` is FORWARDED_ALLOW_IPS."""
    if allowed:
        return Finding("proxy", True, f"the word of {allowed} on the client's address is believed")
    try:
        with impatient_connection(url, seconds=PATIENCE_SECONDS) as connection:
            users = known_addresses.users_by_address(connection)
    except psycopg.Error:
        return Finding("proxy", False, *NO_DATABASE)
    shared = [address for address, count in users.items() if count > 1 and _is_private(address)]
    if len(users) == 1 and shared:
        seen = f"every user comes in from {shared[0]}, which seems to be a proxy's address"
        return Finding("proxy", False, seen, "set FORWARDED_ALLOW_IPS to it, or strangers can shut everybody out")
    return Finding("proxy", True, "none is declared (FORWARDED_ALLOW_IPS); right where none stands before the web")


def _is_private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False


def zone_part(url: str, hours: SendingHours, now: datetime) -> Finding:
    """Whether the clocks agree, and what time it is where the messages leave."""
    try:
        with impatient_connection(url, seconds=PATIENCE_SECONDS) as connection:
            skew = clock_skew.seconds(connection, now)
    except psycopg.Error:
        return Finding("zone", False, *NO_DATABASE)
    if abs(skew) > MOST_SKEW_SECONDS:
        seen = f"this machine's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the database's"
        return Finding("zone", False, seen, "synchronise the clocks (NTP)")
    local = now.astimezone(hours.zone)
    state = "may leave now" if hours.let_leave(now) else "wait for the hours"
    return Finding("zone", True, f"it is {local:%H:%M} in {hours.zone.key}; Message 1 {state}")


def disk_part(directory: Path) -> Finding:
    """Whether this machine has room; the database's own disk is asked by the database."""
    free = shutil.disk_usage(directory).free
    seen = f"{free / 1e9:.1f} GB free for {directory}"
    if free < LEAST_FREE_BYTES:
        return Finding("disk", False, seen, "free some, or beat and uploads fail")
    return Finding("disk", True, seen)


def erasure_part(url: str, key: ErasureKey | None) -> Finding:
    """Whether the numbers that were erased can be recognised."""
    try:
        with impatient_connection(url, seconds=PATIENCE_SECONDS) as connection:
            made_by = people.keys_of_marks(connection)
    except psycopg.Error:
        return Finding("erasures", False, *NO_DATABASE)
    if made_by - ({key.id} if key else set()):
        seen = "numbers were erased under another key: they are not recognised when they come again"
        return Finding("erasures", False, seen, "give ERASURE_SECRET its former value")
    return Finding("erasures", True, "every erased number is recognised" if key else "none, and no key to make one")


def surroundings(
    url: str,
    environment: Mapping[str, str],
    *,
    has_secret: bool,
    hours: SendingHours,
    key: ErasureKey | None,
    now: datetime,
) -> list[Finding]:
    """Every part of them."""
    directory = Path(environment.get("BEAT_SCHEDULE_FILE") or "/tmp/system-beat-schedule").parent  # noqa: S108 (the plan's)
    return [
        webhook_part(has_secret=has_secret),
        proxy_part(url, environment.get("FORWARDED_ALLOW_IPS", "")),
        zone_part(url, hours, now),
        disk_part(directory),
        erasure_part(url, key),
    ]
