"""Session d'un administrateur, pour les routes de l'interface."""

from fastapi import Header, HTTPException

from app.database import get_supabase_client


def get_current_user(authorization: str = Header()):
    """Utilisateur de la session, ou 401."""
    answer = get_supabase_client().auth.get_user(authorization.removeprefix("Bearer "))
    if answer is None:
        raise HTTPException(status_code=401)
    return answer.user
