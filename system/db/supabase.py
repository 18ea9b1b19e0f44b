"""The Supabase project, under its service role: no session of any person is involved."""

from typing import TYPE_CHECKING

import httpx

from system.config import SettingsError, get_settings
from system.process_local import ProcessLocal

if TYPE_CHECKING:
    from supabase import Client

# The library's own is two minutes.
TIMEOUT_SECONDS = 10.0


class SupabaseProject:
    """A client and the connections that it leaves to its owner to close."""

    def __init__(self, url: str, service_role_key: str) -> None:
        # Imported here: it takes half a second, and only tasks of a stack with a project need it.
        from supabase import ClientOptions, create_client  # noqa: PLC0415

        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)
        options = ClientOptions(httpx_client=self._http, auto_refresh_token=False, persist_session=False)
        self.client: Client = create_client(url, service_role_key, options)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()


def _project() -> SupabaseProject:
    settings = get_settings()
    if settings.supabase_url is None or settings.supabase_service_role_key is None:
        raise SettingsError(
            "SUPABASE_URL is missing: set it in the environment of the process (see the README, Settings)"
        )
    return SupabaseProject(settings.supabase_url, settings.supabase_service_role_key.get_secret_value())


_supabase: ProcessLocal[SupabaseProject] = ProcessLocal(_project, SupabaseProject.close)


def get_supabase_client() -> "Client":
    """The client of this process, made at first use; its requests last 10 s at most.

    Raises:
        SettingsError: when SUPABASE_URL is not set.

    """
    return _supabase.get().client


def close_supabase() -> None:
    """Closes what `get_supabase_client` opened in this process."""
    _supabase.close()
