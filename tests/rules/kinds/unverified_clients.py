"""Clients of any kind that are told not to verify who answers, whatever carries the option."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Answer, Table

_RULE = "http-verified"
_APP = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
_ELASTIC = "from elasticsearch import Elasticsearch\n"
_MONGO = "from pymongo import MongoClient\n"


def _given_up(text: str) -> Answer:
    return ALARM, _APP + text


def _harmless(text: str) -> Answer:
    return PASSES, _APP + text


TABLE: Table = {
    _RULE: {
        "a search engine": _given_up(_ELASTIC + "\nes = Elasticsearch('https://es:9200', verify_certs=False)\n"),
        "options in a dictionary that grows": _given_up(
            _ELASTIC + "\n\n@app.task\ndef index(user):\n    args = {'retry_on_timeout': True, 'verify_certs': False}\n"
            "    args.update({'basic_auth': user})\n    return Elasticsearch('https://es:9200', **args)\n"
        ),
        "an entry set later": _given_up(
            _ELASTIC + "\n\n@app.task\ndef index():\n    args = {}\n    args['ssl_assert_hostname'] = False\n"
            "    return Elasticsearch('https://es:9200', **args)\n"
        ),
        "a document store": _given_up(
            _MONGO + "\ndb = MongoClient('mongodb://db/', tls=True, tlsAllowInvalidCertificates=True)\n"
        ),
        "options made by `dict`": _given_up(
            _MONGO + "\nOPTIONS = dict(tlsInsecure=True)\ndb = MongoClient('db', **OPTIONS)\n"
        ),
        "arguments of a driver": _given_up(
            "from sqlalchemy import create_engine\n\nengine = create_engine('mysql://db/shop', connect_args={'ssl_verify_cert': False})\n"
        ),
        "a host among several": _given_up(_ELASTIC + "\nes = Elasticsearch([{'host': 'es', 'verify_certs': False}])\n"),
        "an object store": _given_up("import boto3\n\ns3 = boto3.client('s3', verify=False)\n"),
        "a function of the project that hands it on": _given_up(
            "import requests\n\n\ndef fetch(url, verify_ssl=True):\n    return requests.get(url, timeout=3, verify=verify_ssl)\n\n\n"
            "@app.task\ndef stock(url):\n    return fetch(url, verify_ssl=False)\n"
        ),
        "what is required, in a dictionary": _given_up(
            "import ssl\nimport redis\n\nOPTIONS = {'ssl': True, 'ssl_cert_reqs': ssl.CERT_NONE}\nclient = redis.Redis(host='cache', **OPTIONS)\n"
        ),
        "a search engine that is verified": _harmless(
            _ELASTIC + "\nes = Elasticsearch('https://es:9200', verify_certs=True)\n"
        ),
        "an option put right later": _harmless(
            _ELASTIC + "\n\ndef index():\n    args = {'verify_certs': False}\n"
            "    args['verify_certs'] = True\n    return Elasticsearch('https://es:9200', **args)\n"
        ),
        "what the environment decides": (
            DOUBTED,
            _APP
            + "import os\n"
            + _ELASTIC
            + "\nes = Elasticsearch('https://es', verify_certs=os.environ.get('V') == '1')\n",
        ),
        "a document that is sent": _harmless(
            "import requests\n\n\ndef hook(url):\n    requests.post(url, json={'verify_ssl': False}, timeout=3)\n"
        ),
        "what is not a certificate": _harmless(
            "import jwt\n\n\ndef read(text):\n    return jwt.decode(text, verify=False)\n"
        ),
        "a function that does not hand it on": _harmless(
            "def note(text, verify_ssl=True):\n    return text\n\n\nnote('a', verify_ssl=False)\n"
        ),
        "an option set on a configuration": (
            ALARM,
            f"{_APP}from kubernetes import client\n\nconfiguration = client.Configuration()\nconfiguration.verify_ssl = False\n",
        ),
        "a store": (ALARM, f'{_APP}from minio import Minio\n\nstore = Minio("s3", cert_check=False)\n'),
        "a transfer": (ALARM, f"{_APP}import pycurl\n\nc = pycurl.Curl()\nc.setopt(pycurl.SSL_VERIFYPEER, 0)\n"),
        "an option of the target's own": _harmless(
            "class Form:\n    pass\n\n\nform = Form()\nform.verify_ssl = False\n"
        ),
    }
}
