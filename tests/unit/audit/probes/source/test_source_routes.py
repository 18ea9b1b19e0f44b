"""Routes and the dependencies they reach."""

import pytest

from .conftest import Collect

HEAD = """\
from typing import Annotated, Optional
from fastapi import APIRouter, Depends, FastAPI, Security
def get_token(): ...
def get_current_user(token=Depends(get_token)): ...
def audited(user: "Annotated[object, Depends(get_current_user)]"): ...
def context(entry: Annotated[object, Depends(audited)]): ...
Context = Annotated[dict, Depends(context)]
app = FastAPI()
"""


@pytest.mark.parametrize(
    "parameter",
    [
        "c: Context",
        "c: Context | None",
        "c=Depends(context)",
        "c=Depends(dependency=context)",
        "*, c: Annotated[dict, Depends(context)]",
        "c: object = Security(audited, scopes=['x'])",
        "c: object = Depends(Checker())",
        "c: Bundle = Depends()",
        "c=Depends(need('admin'))",
    ],
)
def test_a_user_deep_in_the_dependencies_is_seen(collect_tree: Collect, parameter: str) -> None:
    text = f"""{HEAD}
class Checker:
    def __call__(self, u=Depends(get_current_user)): ...
class Bundle:
    def __init__(self, u=Depends(get_current_user)): ...
def need(role):
    def check(u=Depends(get_current_user)): ...
    return check
@app.post('/hook')
async def hook({parameter}): ...
@app.get('/free')
async def free(c: int = 1): ...
"""
    free, hook = collect_tree({"p.py": text}).routes
    assert {"p:get_current_user", "p:get_token"} <= set(hook.dependencies)
    assert free.dependencies == ()


@pytest.mark.parametrize(
    ("setup", "path"),
    [
        ("router = APIRouter(prefix='/in')\n{route}\napp.include_router(router, prefix='/out')", "/out/in/hook"),
        ("router = APIRouter(dependencies=[Depends(get_token)])\n{route}\napp.include_router(router)", "/hook"),
        ("router = APIRouter()\n{route}\napp.include_router(router, dependencies=[Depends(get_token)])", "/hook"),
        ("router = APIRouter()\n{route}\nouter = APIRouter(prefix='/a')\nouter.include_router(router)\napp.include_router(outer)", "/a/hook"),
        ("router = APIRouter()\n{route}\nfor r in (router,):\n    app.include_router(r, prefix='/f')", "/f/hook"),
        ("router = FastAPI()\n{route}\napp.mount('/m', router)", "/m/hook"),
        ("router = APIRouter()\n{route}\napp.include_router(router, prefix=unknown())", "{?}/hook"),
    ],
)  # fmt: skip
def test_prefixes_and_dependencies_of_routers(collect_tree: Collect, setup: str, path: str) -> None:
    route = "@router.post('/hook')\ndef hook(): ..."
    facts = collect_tree({"p.py": f"{HEAD}{setup.format(route=route)}\n"})
    assert [(r.method, r.path, r.endpoint) for r in facts.routes] == [("POST", path, "p:hook")]
    assert facts.routes_known
    assert ("p:get_token" in facts.routes[0].dependencies) == ("dependencies" in setup)


def test_an_application_built_by_a_function(collect_tree: Collect) -> None:
    files = {
        "hooks.py": "from fastapi import APIRouter\nrouter = APIRouter()\n@router.post('/hook')\ndef hook(): ...",
        "main.py": """\
            from fastapi import Depends, FastAPI
            from hooks import router
            def guard(): ...
            def create_app():
                app = FastAPI(dependencies=[Depends(guard)])
                app.include_router(router, prefix='/v1')
                @app.get('/health')
                def health(): ...
                return app
            """,
    }
    for declared in ("main:create_app", ""):
        routes = collect_tree(files, asgi_app=declared).routes
        assert [(r.path, r.endpoint) for r in routes] == [
            ("/health", "main:create_app.<locals>.health"),
            ("/v1/hook", "hooks:hook"),
        ]
        assert all(r.dependencies == ("main:guard",) for r in routes)


def test_routes_added_by_calls_and_outside_dependencies(collect_tree: Collect) -> None:
    text = f"""{HEAD}
from fastapi.security import OAuth2PasswordBearer
scheme = OAuth2PasswordBearer(tokenUrl='t')
def hook(token=Depends(scheme)): ...
app.add_api_route('/hook', hook, methods=['PUT', 'POST'])
@app.api_route('/many', methods=['GET', 'HEAD'], dependencies=[Depends(lost.thing)])
def many(): ...
"""
    routes = {(r.method, r.path): r for r in collect_tree({"p.py": text}).routes}
    assert routes["PUT", "/hook"].dependencies == ("p:scheme",)
    assert set(routes) == {("PUT", "/hook"), ("POST", "/hook"), ("GET", "/many"), ("HEAD", "/many")}
    assert any("lost" in d for d in routes["GET", "/many"].dependencies)


def test_dependencies_that_depend_on_each_other_end(collect_tree: Collect) -> None:
    text = (
        f"{HEAD}def a(x=Depends(lambda: b)): ...\ndef b(x=Depends(a)): ...\n@app.get('/')\ndef r(x=Depends(b)): ...\n"
    )
    (route,) = collect_tree({"p.py": text}).routes
    assert {"p:a", "p:b"} <= set(route.dependencies)


def test_no_route_is_not_known(collect_tree: Collect) -> None:
    assert not collect_tree({"p.py": "x = 1"}).routes_known


_ROUTE = "@router.post('/h')\ndef h(): ...\napp.include_router(router)\n"


@pytest.mark.parametrize(
    "text",
    [
        f"router = APIRouter(dependencies=guards())\n{_ROUTE}",
        f"router = APIRouter(dependencies=[*guards()])\n{_ROUTE}",
        f"router = APIRouter(dependencies=[guard()])\n{_ROUTE}",
        f"router = APIRouter(route_class=lost.Guarded)\n{_ROUTE}",
        f"router = APIRouter()\nrouter.route_class = lost.Guarded\n{_ROUTE}",
        f"class Guarded(APIRouter): ...\nrouter = Guarded()\n{_ROUTE}",
        f"router = APIRouter()\nrouter.dependencies.append(Depends(get_token))\n{_ROUTE}",
        f"router = APIRouter()\nrouter.dependencies += [Depends(get_token)]\n{_ROUTE}",
        f"app.router.dependencies.append(Depends(get_token))\nrouter = APIRouter()\n{_ROUTE}",
        f"router = APIRouter(**options())\n{_ROUTE}",
        "@app.post('/h')\n@lost.login_required\ndef h(): ...\n",
        "@app.post('/h', dependencies=guards())\ndef h(): ...\n",
        "@app.post('/h', **options)\ndef h(): ...\n",
        "def h(): ...\napp.add_api_route('/h', h, dependencies=guards())\n",
        "def h(): ...\napp.add_api_route('/h', h, **guards())\n",
        "@app.post('/h')\ndef h(x=Depends(dependency=app.state[0])): ...\n",
    ],
)
def test_a_dependency_that_may_be_there_is_told(collect_tree: Collect, text: str) -> None:
    (route,) = collect_tree({"p.py": f"{HEAD}{text}"}).routes
    assert "?" in route.dependencies


@pytest.mark.parametrize(
    "text",
    [
        f"router = APIRouter(dependencies=None)\n{_ROUTE}",
        f"from fastapi.routing import APIRoute\nrouter = APIRouter(route_class=APIRoute)\n{_ROUTE}",
        "@lost.above\n@app.post('/h')\n@app.get('/h')\ndef h(): ...\n",
    ],
)
def test_nothing_is_told_of_what_can_be_read(collect_tree: Collect, text: str) -> None:
    assert [r.dependencies for r in collect_tree({"p.py": f"{HEAD}{text}"}).routes if r.method == "POST"] == [()]


def test_a_completed_function_is_the_dependency(collect_tree: Collect) -> None:
    text = f"""{HEAD}from functools import partial
@app.post('/h')
def h(x=Depends(partial(partial(get_current_user), 1))): ...
"""
    (route,) = collect_tree({"p.py": text}).routes
    assert route.dependencies == ("p:get_current_user", "p:get_token")
