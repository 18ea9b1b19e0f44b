"""Practices that a report reads beside the requirements that need them."""

from audit.model.word_tables import word_list

# Practices that no criterion names, and without which it holds only as far as it was tried.
PRACTICES = {
    "8.1": ("tasks-included", "unique-task-names", "queues-declared"),
    "8.2": ("webhook-stored-first", "webhook-authentic"),
    "8.3": ("expires-after-delay", "chord-results"),
    "8.4": word_list("""
        cancel-on-connection-loss no-purge broker-keeps-queues locks-expire no-result-wait retry-not-caught own-queues
        redbeat-lock single-beat beat-tasks-registered
    """),
}

# The requirements that need each of them.
NEEDED_BY = {
    rule: tuple(i for i, needed in PRACTICES.items() if rule in needed)
    for rules in PRACTICES.values()
    for rule in rules
}

# What an experiment shows of a practice that reading left open: not of every path, but of those that it took.
SHOWN_BY = {"webhook-stored-first": ("webhook-processing", "8.2")}
