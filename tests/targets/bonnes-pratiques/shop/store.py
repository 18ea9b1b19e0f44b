import os

from redis import Redis
from supabase import create_client

redis = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5)
client = create_client(os.environ["SUPABASE_URL"], os.environ["SUPABASE_KEY"])


def transaction():
    raise NotImplementedError
