"""Routes and the dependencies they reach."""

import pytest

from tests.unit.audit.reading.collecting import Collect

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


FLASK = """\
from flask import Blueprint, Flask
from flask_login import login_required
import outside
def check(): ...
def signed(view): return view
app = Flask(__name__)
bp = Blueprint('b', __name__, url_prefix='/own')
"""


@pytest.mark.parametrize(
    ("route", "method", "path", "dependencies"),
    [
        ("@app.route('/hook', methods=['POST'])", "POST", "/hook", set()),
        ("@app.post('/hook')\n@signed", "POST", "/hook", {"p:signed"}),
        ("@app.get('/hook')\n@login_required", "GET", "/hook", {"flask_login.login_required", "?"}),
        ("@app.put('/hook')\n@outside.asks(1)", "PUT", "/hook", {"outside.asks", "?"}),
        ("@login_required\n@app.route('/hook')", "GET", "/hook", set()),
        ("app.before_request(check)\n@app.route('/hook')", "GET", "/hook", {"p:check"}),
        ("bp.before_app_request(check)\n@app.route('/hook')", "GET", "/hook", {"p:check"}),
        ("app.wsgi_app = outside.Wall(app.wsgi_app)\n@app.route('/hook')", "GET", "/hook", {"?"}),
        ("app.register_blueprint(bp)\n@bp.patch('/hook')", "PATCH", "/own/hook", set()),
        ("app.register_blueprint(bp, url_prefix='/v1')\n@bp.delete('/hook')", "DELETE", "/v1/hook", set()),
        ("@bp.before_request\ndef before(): ...\napp.register_blueprint(bp)\n@bp.route('/hook')", "GET", "/own/hook", {"p:before"}),
    ],
)  # fmt: skip
def test_routes_of_flask(collect_tree: Collect, route: str, method: str, path: str, dependencies: set[str]) -> None:
    (found,) = collect_tree({"p.py": f"{FLASK}{route}\ndef hook(): ...\n"}).routes
    assert (found.method, found.path, found.endpoint) == (method, path, "p:hook")
    assert set(found.dependencies) == dependencies


def test_a_rule_added_to_flask_by_a_call_and_a_class_of_views(collect_tree: Collect) -> None:
    text = f"""{FLASK}
from flask.views import MethodView
class Hook(MethodView):
    decorators = [login_required]
    def get(self): ...
    @signed
    def post(self): ...
def plain(): ...
def create_app():
    inner = Flask('x')
    inner.add_url_rule('/plain', view_func=plain, methods=('PUT',))
    inner.add_url_rule('/hook', view_func=Hook.as_view('hook'))
    return inner
"""
    told = {(r.method, r.path, r.endpoint): set(r.dependencies) for r in collect_tree({"p.py": text}).routes}
    gate = {"flask_login.login_required", "?"}
    assert told == {
        ("PUT", "/plain", "p:plain"): set(),
        ("GET", "/hook", "p:Hook.get"): gate,
        ("POST", "/hook", "p:Hook.post"): {*gate, "p:signed"},
    }


DJANGO = """\
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.urls import include, path, re_path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.http import require_http_methods
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet
"""


@pytest.mark.parametrize(
    ("view", "url", "route", "dependencies"),
    [
        ("@require_http_methods(['PUT'])\ndef v(r): ...", "path('a/', v)", ("PUT", "/a/", "p:v"), set()),
        ("@require_http_methods(['PUT'])\ndef v(r): ...", "re_path(r'^a/$', view=v)", ("PUT", "/a/$", "p:v"), set()),
        (
            "@require_http_methods(['PUT'])\n@login_required\ndef v(r): ...",
            "path('a', v)",
            ("PUT", "/a", "p:v"),
            {"django.contrib.auth.decorators.login_required", "?"},
        ),
        (
            "@require_http_methods(['PUT'])\ndef v(r): ...",
            "path('a', permission_required('x')(v))",
            ("PUT", "/a", "p:v"),
            {"django.contrib.auth.decorators.permission_required", "?"},
        ),
        ("class V(View):\n    def post(self, r): ...", "path('a', V.as_view())", ("POST", "/a", "p:V.post"), set()),
        (
            "class V(LoginRequiredMixin, View):\n    def post(self, r): ...",
            "path('a', V.as_view())",
            ("POST", "/a", "p:V.post"),
            {"django.contrib.auth.mixins.LoginRequiredMixin", "?"},
        ),
        (
            "@method_decorator([login_required], name='dispatch')\nclass V(View):\n    def put(self, r): ...",
            "path('a', V.as_view(x=1))",
            ("PUT", "/a", "p:V.put"),
            {"django.contrib.auth.decorators.login_required", "?"},
        ),
        (
            "class V(View):\n    def dispatch(self, *a): ...\n    def put(self, r): ...",
            "path('a', V.as_view())",
            ("PUT", "/a", "p:V.put"),
            {"p:V.dispatch"},
        ),
        ("@api_view(['POST'])\ndef v(r): ...", "path('a', v)", ("POST", "/a", "p:v"), {"?"}),
        (
            "@api_view(['POST'])\n@permission_classes([AllowAny])\ndef v(r): ...",
            "path('a', v)",
            ("POST", "/a", "p:v"),
            set(),
        ),
        (
            "class V(APIView):\n    permission_classes = []\n    def post(self, r): ...",
            "path('a', V.as_view())",
            ("POST", "/a", "p:V.post"),
            set(),
        ),
        ("class V(APIView):\n    def post(self, r): ...", "path('a', V.as_view())", ("POST", "/a", "p:V.post"), {"?"}),
        (
            (
                "class V(ViewSet):\n    permission_classes = [AllowAny]\n    @action(methods=['post'], detail=False)\n    def go(self, r): ...\n"
                "router = DefaultRouter()\nrouter.register('vs', V)"
            ),
            "path('a/', include(router.urls))",
            ("POST", "/a/vs/", "p:V.go"),
            set(),
        ),
        (
            "@require_http_methods(['PUT'])\ndef v(r): ...",
            "path('a/', include(([path('b', v)], 'space')))",
            ("PUT", "/a/b", "p:v"),
            set(),
        ),
    ],
)
def test_routes_of_django(
    collect_tree: Collect, view: str, url: str, route: tuple[str, str, str], dependencies: set[str]
) -> None:
    (found,) = collect_tree({"p.py": f"{DJANGO}{view}\nurlpatterns = [{url}]\n"}).routes
    assert (found.method, found.path, found.endpoint) == route
    assert set(found.dependencies) == dependencies


def test_patterns_included_by_name_and_middlewares_of_the_project(collect_tree: Collect) -> None:
    files = {
        "site/settings.py": "ROOT_URLCONF = 'site.urls'\nMIDDLEWARE = ['django.x.Y', 'site.walls.Wall', 'site.walls.gate', 'absent.X']\n",
        "site/walls.py": "class Wall:\n    def __init__(self, g): ...\n    def __call__(self, r): ...\ndef gate(get): return get\n",
        "site/urls.py": f"{DJANGO}urlpatterns = [path('in/', include('shop.urls')), unknown(), path('loop/', include('site.urls'))]\n",
        "shop/urls.py": f"{DJANGO}from shop.views import v\nurlpatterns = [path('v', v)]\n",
        "shop/views.py": "def v(request): ...\n",
    }
    routes = [r for r in collect_tree(files).routes if r.path == "/in/v"]
    assert {(r.method, r.endpoint) for r in routes} == {("GET", "shop.views:v"), ("POST", "shop.views:v")}
    assert set(routes[0].dependencies) == {"site.walls:Wall.__call__", "site.walls:gate"}
