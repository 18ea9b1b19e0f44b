"""Images that are of a server, by their names: no code of the target runs in them."""

from audit.model.word_tables import word_set

_SERVERS = word_set("""
    redis valkey dragonfly keydb rabbitmq postgres postgis pgbouncer pgvector mysql mariadb mongo memcached nginx
    traefik caddy haproxy flower elasticsearch minio mailhog mailpit prometheus grafana localstack adminer pgadmin4
    redis-stack alpine busybox autoheal watchtower node kafka zookeeper vault consul jaeger all-in-one
""")


def is_of_a_server(image: str) -> bool:
    """Whether an image is one of these, whatever its registry and its tag."""
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0] in _SERVERS
