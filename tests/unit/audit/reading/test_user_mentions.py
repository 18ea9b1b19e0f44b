import ast

import pytest

from audit.reading.behaviour.user_mentions import user_mentions


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("def f(id):\n    return db.get(id)", ()),
        ("def f(id):\n    return db.get(user_id=current_user.id)", ("user_id", "current_user")),
        ("def f(id):\n    return self.admin_id", ("admin_id",)),
        ("def f(user_id):\n    pass", ("user_id",)),
        ('def f(id):\n    return sql("select x where user_id = 1")', ("user_id",)),
        ('def f(id):\n    return sql(f"where user_id = {id}")', ("user_id",)),
        ('def f(id):\n    """No user_id here."""\n    # user_id\n    return id', ()),
        ('def f(id):\n    return "user_identity"', ()),
        ("def f():\n    return client.auth.get_user()", ("get_user",)),
        ("def f():\n    require_admin(token)", ("require_admin",)),
        ("def f(request):\n    return request.session", ("request.session",)),
        ("def f():\n    return settings.db_user, user_reply, smtp.auth_token", ()),
        ('def f():\n    logger.info("user_id %s", m.user_id, extra={"user_id": 1})', ()),
        ('def f():\n    self._log.info("x", current_user.id)', ("current_user",)),
        ('def f():\n    requests.log("user_id")', ("user_id",)),
        ('@requires(["authenticated"])\ndef f(): ...', ("requires",)),
        ('@requires("signature")\ndef f(): ...', ()),
        ("def f(db):\n    return db.session", ()),
        ("def f():\n    smtp.login(jwt.decode(token))", ()),
        ("@login_required\ndef f(): ...", ("login_required",)),
    ],
)
def test_what_speaks_of_a_user_in_a_body(body: str, found: tuple[str, ...]) -> None:
    assert set(user_mentions(ast.parse(body))) == set(found)
