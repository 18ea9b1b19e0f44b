"""Réglages de l'application, lus dans l'environnement."""

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    redis_url: str = "redis://localhost:6379/0"
    supabase_url: str = ""
    supabase_service_role_key: str = ""
    wassenger_api_key: str = ""
    wassenger_device: str = ""
    wassenger_base_url: str = "https://api.wassenger.com/v1"
    daily_message_limit: int = 1000

    class Config:
        env_file = ".env"
        extra = "ignore"


settings = Settings()
