"""Clients of any kind that are told not to verify who answers, whatever carries the option."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

_RULE = "http-verified"
_APP = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_ELASTIC = "from elasticsearch import Elasticsearch\n"
_MONGO = "from pymongo import MongoClient\n"


def _given_up(name: str, text: str) -> Program:
    return Program(_RULE, name, ALARM, _APP + text)


def _harmless(name: str, text: str) -> Program:
    return Program(_RULE, name, PASSES, _APP + text)


PROGRAMS = (
    _given_up("a search engine", _ELASTIC + "\nes = Elasticsearch('https://es:9200', verify_certs=False)\n"),
    _given_up(
        "options in a dictionary that grows",
        _ELASTIC + "\n\n@app.task\ndef index(user):\n    args = {'retry_on_timeout': True, 'verify_certs': False}\n"
        "    args.update({'basic_auth': user})\n    return Elasticsearch('https://es:9200', **args)\n",
    ),
    _given_up(
        "an entry set later",
        _ELASTIC + "\n\n@app.task\ndef index():\n    args = {}\n    args['ssl_assert_hostname'] = False\n"
        "    return Elasticsearch('https://es:9200', **args)\n",
    ),
    _given_up(
        "a document store", _MONGO + "\ndb = MongoClient('mongodb://db/', tls=True, tlsAllowInvalidCertificates=True)\n"
    ),
    _given_up(
        "options made by `dict`", _MONGO + "\nOPTIONS = dict(tlsInsecure=True)\ndb = MongoClient('db', **OPTIONS)\n"
    ),
    _given_up(
        "arguments of a driver",
        "from sqlalchemy import create_engine\n\nengine = create_engine('mysql://db/shop', connect_args={'ssl_verify_cert': False})\n",
    ),
    _given_up("a host among several", _ELASTIC + "\nes = Elasticsearch([{'host': 'es', 'verify_certs': False}])\n"),
    _given_up("an object store", "import boto3\n\ns3 = boto3.client('s3', verify=False)\n"),
    _given_up(
        "a function of the project that hands it on",
        "import requests\n\n\ndef fetch(url, verify_ssl=True):\n    return requests.get(url, timeout=3, verify=verify_ssl)\n\n\n"
        "@app.task\ndef stock(url):\n    return fetch(url, verify_ssl=False)\n",
    ),
    _given_up(
        "what is required, in a dictionary",
        "import ssl\nimport redis\n\nOPTIONS = {'ssl': True, 'ssl_cert_reqs': ssl.CERT_NONE}\nclient = redis.Redis(host='cache', **OPTIONS)\n",
    ),
    _harmless(
        "a search engine that is verified", _ELASTIC + "\nes = Elasticsearch('https://es:9200', verify_certs=True)\n"
    ),
    _harmless(
        "an option put right later",
        _ELASTIC + "\n\ndef index():\n    args = {'verify_certs': False}\n"
        "    args['verify_certs'] = True\n    return Elasticsearch('https://es:9200', **args)\n",
    ),
    Program(
        _RULE,
        "what the environment decides",
        DOUBTED,
        _APP
        + "import os\n"
        + _ELASTIC
        + "\nes = Elasticsearch('https://es', verify_certs=os.environ.get('V') == '1')\n",
    ),
    _harmless(
        "a document that is sent",
        "import requests\n\n\ndef hook(url):\n    requests.post(url, json={'verify_ssl': False}, timeout=3)\n",
    ),
    _harmless(
        "what is not a certificate", "import jwt\n\n\ndef read(text):\n    return jwt.decode(text, verify=False)\n"
    ),
    _harmless(
        "a function that does not hand it on",
        "def note(text, verify_ssl=True):\n    return text\n\n\nnote('a', verify_ssl=False)\n",
    ),
    Program(
        _RULE,
        "an option set on a configuration",
        ALARM,
        f"{_APP}from kubernetes import client\n\nconfiguration = client.Configuration()\nconfiguration.verify_ssl = False\n",
    ),
    Program(_RULE, "a store", ALARM, f'{_APP}from minio import Minio\n\nstore = Minio("s3", cert_check=False)\n'),
    Program(
        _RULE, "a transfer", ALARM, f"{_APP}import pycurl\n\nc = pycurl.Curl()\nc.setopt(pycurl.SSL_VERIFYPEER, 0)\n"
    ),
    _harmless("an option of the target's own", "class Form:\n    pass\n\n\nform = Form()\nform.verify_ssl = False\n"),
)
