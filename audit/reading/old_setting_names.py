"""Translates Celery's older upper-case setting names into today's lowercase ones."""

from audit.model.word_tables import word_list, word_set

_TOP = word_set("accept_content enable_utc imports include timezone control_exchange visibility_timeout")
_GROUPS = word_list("""
    arangodb_ azureblockblob_ beat_ broker_ cache_ cassandra_ control_queue_ cosmosdbsql_ couchbase_ database_
    elasticsearch_ event_ gcs_ mongodb_ redbeat_ redis_ result_ s3_ security_ task_ worker_
""")
_OLD_GROUPS = word_list("""
    CACHE_ COUCHBASE_ ARANGODB_ MONGODB_ REDBEAT_ EVENT_ REDIS_ RESULT_ ELASTICSEARCH_ SECURITY_ TASK_ WORKER_ BROKER_
    BEAT_ DATABASE_
""")
_OLD = {
    "CELERYD_TASK_SOFT_TIME_LIMIT": "task_soft_time_limit",
    "CELERYD_TASK_TIME_LIMIT": "task_time_limit",
    "CELERYD_WORKER_LOST_WAIT": "worker_lost_wait",
    "CELERY_DISABLE_RATE_LIMITS": "worker_disable_rate_limits",
    "CELERY_EAGER_PROPAGATES_EXCEPTIONS": "task_eager_propagates",
    "CELERY_ENABLE_REMOTE_CONTROL": "worker_enable_remote_control",
    "CELERY_MAX_CACHED_RESULTS": "result_cache_max",
    "CELERY_MESSAGE_COMPRESSION": "task_compression",
    "CELERY_REDIRECT_STDOUTS": "worker_redirect_stdouts",
    "CELERY_REDIRECT_STDOUTS_LEVEL": "worker_redirect_stdouts_level",
    "CELERY_RESULT_DBURI": "database_url",
    "CELERY_RESULT_ENGINE_OPTIONS": "database_engine_options",
    "CELERY_RESULT_DB_SHORT_LIVED_SESSIONS": "database_short_lived_sessions",
    "CELERY_RESULT_DB_TABLENAMES": "database_table_names",
    "CELERY_SEND_EVENTS": "worker_send_task_events",
    "CELERY_SEND_TASK_SENT_EVENT": "task_send_sent_event",
    "CELERY_TASK_RESULT_EXPIRES": "result_expires",
    "CELERYBEAT_LOG_FILE": "beat_log_file",
}
# `TASK_ACKS_LATE`, without a namespace, is read by nothing: the older name is `CELERY_ACKS_LATE`.
_CAPITAL_GROUPS = ("AZUREBLOCKBLOB_", "BROKER_", "CASSANDRA_", "CONTROL_", "COSMOSDBSQL_", "GCS_", "S3_", "REDBEAT_")
_CAPITALS = word_set("ENABLE_UTC DATABASE_CREATE_TABLES_AT_SETUP DATABASE_TABLE_SCHEMAS RESULT_ACCEPT_CONTENT")


def is_setting(name: str) -> bool:
    """Whether a lowercase name is one of Celery's."""
    return name in _TOP or name.startswith(_GROUPS)


def modern(name: str) -> str:
    """Today's name of a setting, whatever the age of the name it is written under; empty when it is not a setting."""
    if name in _OLD:
        return _OLD[name]
    if name.startswith("CELERYBEAT_"):
        return f"beat_{name.removeprefix('CELERYBEAT_').lower()}"
    if name.startswith("CELERYD_"):
        return f"worker_{name.removeprefix('CELERYD_').lower()}"
    if name.startswith("CELERY_"):
        rest = name.removeprefix("CELERY_")
        known = rest.lower() in _TOP or rest.startswith(_OLD_GROUPS)
        return rest.lower() if known else f"task_{rest.lower()}"
    if name.isupper() and not is_read_in_capitals(name):
        return ""
    return name.lower() if is_setting(name.lower()) else ""


def meant_by(name: str) -> str:
    """Today's name of what a project means by a name, whether Celery reads it under that name or not; empty when it is not a setting."""
    return modern(name) or (name.lower() if is_setting(name.lower()) else "")


def is_read_in_capitals(name: str) -> bool:
    """Whether Celery reads today's name in capitals too, where no older one replaced it (`celery.app.defaults`, 5.6.3)."""
    return name in _CAPITALS or name.startswith(_CAPITAL_GROUPS)


def in_namespace(name: str, namespace: str) -> str:
    """Today's name of a setting written with a prefix (`CELERY_TASK_ACKS_LATE` in namespace `CELERY`), or empty."""
    prefix = f"{namespace}_"
    if not name.upper().startswith(prefix.upper()):
        return ""
    # An older name keeps no meaning there: Celery puts the prefix before today's names only.
    rest = name[len(prefix) :].lower()
    return rest if is_setting(rest) else ""
