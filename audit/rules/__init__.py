"""Requirement-mapped checks over facts, one subject a module."""

from functools import cache

from audit.model.word_tables import word_list
from audit.requirements.discovery import discovered
from audit.rules.rule import Rule

# The order in which they are evaluated, the manual and findings told; a module that is not named here comes after them.
_FIRST = word_list("""
    required_settings sending_without_user webhook_without_user follow_up_without_user periodic_tasks beat_processes
    concurrency supervision protection sender_retries task_imports deprecated_interfaces code_quality delivery
    visibility_everywhere visibility_timeout publishing blocking_waits failures data limits bounded_memory connection
    schedule single_beat routing worker_starts unknown_settings security exposure stored_first deployment_practices
    inventory rate_limits retry_functions queue_keeping redbeat_lock result_cleaning shared_queues supervised_programs
""")


@cache
def every_rule() -> tuple[Rule, ...]:
    """The rules of this package, in the order in which they are evaluated."""
    return discovered(__name__, Rule, _FIRST)


__all__ = ["Rule", "every_rule"]
