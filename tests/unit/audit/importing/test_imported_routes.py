"""The routes that the configuration probe reads from a web application it imports."""

import textwrap

import pytest

from audit.importing.configuration_probe import collect
from tests.unit.audit.importing.small_targets import CELERY, Make

ROUTES = """
    from typing import Annotated
    from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Request, Security, WebSocket
    from fastapi.security import OAuth2PasswordBearer
    from starlette.routing import Mount, Route

    bearer = OAuth2PasswordBearer(tokenUrl="t")
    def get_current_user(token: Annotated[str, Depends(bearer)]): ...
    def get_session(user=Depends(get_current_user)): ...
    def get_service(session=Depends(get_session)): ...
    class Guard:
        def __call__(self, request: Request): ...
    class Pager:
        def __init__(self, page: int = 0): ...
    def of_router(): ...
    def of_inclusion(): ...
    def of_application(): ...
    def of_decorator(): ...

    inner = APIRouter(prefix="/inner", dependencies=[Depends(of_router)])
    @inner.post("/hook", dependencies=[Depends(of_decorator)])
    async def hook(background: BackgroundTasks, service=Depends(get_service)): ...
    @inner.api_route("/both", methods=["GET", "PUT"])
    async def both(pager: Annotated[Pager, Depends()], who=Security(get_current_user)): ...
    outer = APIRouter(prefix="/outer")
    outer.include_router(inner, dependencies=[Depends(of_inclusion)])
    async def plain(request): ...
    sub = FastAPI()
    @sub.get("/leaf")
    def leaf(guard=Depends(Guard())): ...

    def create_app():
        app = FastAPI(dependencies=[Depends(of_application)])
        app.include_router(outer, prefix="/v1")
        app.mount("/sub", sub)
        app.router.routes.append(Mount("/raw", routes=[Route("/plain", plain)]))
        @app.get("/open")
        def free(): ...
        @app.websocket("/ws")
        async def live(socket: WebSocket): ...
        return app
"""


def test_routes_carry_their_dependencies_at_any_depth(make: Make) -> None:
    facts = collect(make({"site_.py": ROUTES}, asgi_app="site_:create_app"))
    assert facts.failures == ()
    assert facts.routes_known
    seen = {(r.method, r.path): (r.endpoint, set(r.dependencies)) for r in facts.routes}
    around = {"site_:of_application", "site_:of_inclusion", "site_:of_router"}
    user = {"site_:get_current_user", "fastapi.security.oauth2:OAuth2PasswordBearer"}
    assert seen == {
        ("POST", "/v1/outer/inner/hook"): (
            "site_:hook",
            around | user | {"site_:of_decorator", "site_:get_service", "site_:get_session"},
        ),
        ("GET", "/v1/outer/inner/both"): ("site_:both", around | user | {"site_:Pager"}),
        ("PUT", "/v1/outer/inner/both"): ("site_:both", around | user | {"site_:Pager"}),
        ("GET", "/sub/leaf"): ("site_:leaf", {"site_:Guard"}),
        ("GET", "/raw/plain"): ("site_:plain", set()),
        ("GET", "/open"): ("site_:create_app.<locals>.free", {"site_:of_application"}),
        ("WEBSOCKET", "/ws"): ("site_:create_app.<locals>.live", {"site_:of_application"}),
    }
    hook = facts.functions["site_:hook"].parameters
    assert [(p.name, p.annotation, p.depends) for p in hook] == [
        ("background", "BackgroundTasks", ""),
        ("service", "", "site_:get_service"),
    ]
    both = facts.functions["site_:both"].parameters
    assert [p.depends for p in both] == ["site_:Pager", "site_:get_current_user"]


def test_routes_before_included_routers_existed_are_walked_plainly(make: Make) -> None:
    old = "import fastapi.routing\ndel fastapi.routing.iter_route_contexts\n"
    text = """
    from fastapi import Depends, FastAPI
    def get_current_user(): ...
    app = FastAPI()
    @app.get("/me")
    def me(user=Depends(get_current_user)): ...
    """
    facts = collect(make({"site_.py": old + textwrap.dedent(text)}, asgi_app="site_:app"))
    assert [(r.path, r.dependencies) for r in facts.routes] == [("/me", ("site_:get_current_user",))]


def test_an_application_behind_middleware_is_read(make: Make) -> None:
    text = """
    from fastapi import FastAPI
    from starlette.middleware.gzip import GZipMiddleware
    inner = FastAPI()
    @inner.get("/a")
    def a(): ...
    app = GZipMiddleware(inner)
    """
    facts = collect(make({"site_.py": text}, asgi_app="site_:app"))
    assert [r.path for r in facts.routes] == ["/a"]


@pytest.mark.parametrize(
    ("asgi_app", "said"),
    [
        ("site_:broken", "L'appel de « site_:broken() » a échoué : ValueError : no database (site_.py, ligne 3)."),
        ("site_:number", "« site_:number », de type int, n'a pas de routes lisibles : ni FastAPI ni Starlette."),
        ("site_:raw", "« site_:raw », de type function, n'a pas de routes lisibles : ni FastAPI ni Starlette."),
        ("site_:nothing", "Le module « site_ » n'a pas d'attribut « nothing » (`target.asgi_app`)."),
        ("elsewhere:app", "Le module « elsewhere » de `target.asgi_app` est introuvable dans"),
        ("Strange.routes", "`target.asgi_app` vaut « Strange.routes » : la forme attendue est « module:attribut »."),
        ("site_:Odd", "La lecture des routes de « site_:Odd » a échoué : TypeError"),
    ],
)
def test_an_asgi_application_that_fails_leaves_the_celery_part(make: Make, asgi_app: str, said: str) -> None:
    site = """
    def broken():
        raise ValueError("no database")
    number = 5
    async def raw(scope, receive, send): ...
    class Odd:
        routes = [type("R", (), {"endpoint": len, "methods": 5})()]
    """
    target = make({"work.py": CELERY, "site_.py": site}, celery_app="work:app", asgi_app=asgi_app)
    facts = collect(target)
    assert facts.failure == ""
    assert facts.settings
    assert not facts.routes_known
    assert facts.failures[0].startswith(said)


def test_a_celery_application_that_fails_leaves_the_routes(make: Make) -> None:
    site = "from fastapi import FastAPI\napp = FastAPI()\n"
    facts = collect(make({"site_.py": site}, celery_app="missing.tasks:app", asgi_app="site_:app"))
    assert facts.failure == ""
    assert facts.routes_known
    assert "Le module « missing » de `target.celery_app` est introuvable" in facts.failures[0]


def test_a_web_import_that_never_ends_leaves_the_celery_part(make: Make) -> None:
    target = make({"work.py": CELERY, "site_.py": "while True: pass"}, celery_app="work:app", asgi_app="site_:app")
    facts = collect(target, deadline_seconds=6)
    assert facts.failure == ""
    assert facts.settings
    assert facts.failures == ("L'import de « site_ » dure plus de 6\u00a0s : arrêt forcé.",)
