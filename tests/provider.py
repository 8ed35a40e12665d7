"""A real OpenID Connect provider on the loopback address, which also misbehaves when told to.

It keeps the rules of OpenID Connect Core, RFC 6749 and RFC 7636 strictly: a client that does
not know its secret, uses a code twice, or lacks the verifier of its challenge gets nothing.
"""

import base64
import hashlib
import json
import secrets
import ssl
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "letters", "a secret of the client: 100 % secret"
ALICE = {
    "sub": "248289761001",
    "email": "alice@google.example",
    "email_verified": True,
    "name": "Alice Featherstonehaugh",
}


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class OpenIdProvider:
    """`person` is who logs in; `faults` names what goes wrong (see `Handler`). `claims` and
    `description` stand in place of what its tokens and its configuration say otherwise.

    With a certificate it speaks TLS and calls itself localhost, which is another site than
    127.0.0.1 to a browser.
    """

    def __init__(self, certificate=None):
        self.certificate = str(certificate[0]) if certificate else None
        self.key, self.foreign_key = new_key(), new_key()
        self.person, self.claims, self.faults = dict(ALICE), {}, set()
        self.description = {}
        self.codes, self.tokens, self.requests, self.issued = {}, {}, [], []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("H", (Handler,), {"home": self}))
        self.server.daemon_threads = True
        origin = "http://127.0.0.1"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            origin = "https://localhost"
        self.issuer = f"{origin}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def id_token(self, nonce):
        now = int(time.time())
        content = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "jti": secrets.token_urlsafe(8),
            **self.person,
            **self.claims,
        }
        if "address elsewhere" in self.faults:
            content = {name: content[name] for name in content if "email" not in name}
        content = {name: value for name, value in content.items() if value is not None}
        headers = {"kid": "current"}
        if "foreign signature" in self.faults:
            return jwt.encode(content, self.foreign_key, "RS256", headers)
        if "no signature" in self.faults:
            return jwt.encode(content, None, "none", headers)
        if "shared secret" in self.faults:
            return jwt.encode(content, SECRET.ljust(64), "HS256", headers)
        return jwt.encode(content, self.key, "RS256", headers)

    def jwks(self):
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": "current", "use": "sig", "alg": "RS256"}]}


class Handler(BaseHTTPRequestHandler):
    home: OpenIdProvider

    def log_message(self, *_arguments):
        pass

    def do_GET(self):
        self.answer("")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def answer(self, body):
        parts = urlsplit(self.path)
        self.home.requests.append((parts.path, parts.query + body))
        doors = {
            "/.well-known/openid-configuration": self.configuration,
            "/authorise": self.authorise,
            "/token": self.token,
            "/jwks": lambda _query: self.give(self.home.jwks()),
            "/userinfo": self.userinfo,
        }
        fields = {name: values[0] for name, values in parse_qs(parts.query + body).items()}
        faults = [one.split()[0] for one in self.home.faults if one.endswith(f" {parts.path}")]
        if faults:
            getattr(self, faults[0])()
        else:
            doors[parts.path](fields)

    # Faults of one door: "fail /token" ------------------------------------------------------

    def fail(self):
        self.give({"error": "server_error"}, 500)

    def babble(self):
        self.give_bytes(b"<html>not JSON</html>", "text/html")

    def list(self):
        self.give([])

    def swell(self):
        self.give_bytes(b" " * 2_000_000, "application/json")

    def wander(self):
        self.redirect("http://127.0.0.1:1/elsewhere")

    def sleep(self):
        time.sleep(3)

    def drip(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        with suppress(OSError):
            for _piece in range(100):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.1)

    def trickle(self):
        """The headers, a letter at a time."""
        with suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _piece in range(100):
                self.wfile.write(b"a")
                self.wfile.flush()
                time.sleep(0.1)

    def nest(self):
        self.give_bytes(b"[" * 100_000, "application/json")

    # Doors ------------------------------------------------------------------------------------

    def configuration(self, _query):
        issuer = self.home.issuer
        answer = {
            "issuer": "https://other.example" if "other issuer" in self.home.faults else issuer,
            "authorization_endpoint": f"{issuer}/authorise",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        if "post only" in self.home.faults:
            answer["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
        if "plain endpoint" in self.home.faults:
            answer["token_endpoint"] = "http://provider.example/token"
        self.give({**answer, **self.home.description})

    def authorise(self, query):
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        back = {"state": query["state"], "iss": self.home.issuer}
        if "cancel" in self.home.faults:
            back["error"] = "access_denied"
        else:
            back["code"] = secrets.token_urlsafe(24)
            self.home.codes[back["code"]] = query
        self.redirect(f"{query['redirect_uri']}?{urlencode(back)}")

    def token(self, form):
        begun = self.home.codes.pop(form.get("code"), None)
        verifier = form.get("code_verifier", "")
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        if not self.is_client(form):
            self.give({"error": "invalid_client"}, 401)
        elif (
            begun is None
            or form["redirect_uri"] != begun["redirect_uri"]
            or digest.rstrip(b"=").decode() != begun["code_challenge"]
        ):
            self.give({"error": "invalid_grant"}, 400)
        else:
            self.give_tokens(form["code"], begun["nonce"])

    def give_tokens(self, code, nonce):
        access = secrets.token_urlsafe(24)
        self.home.tokens[access] = dict(self.home.person)
        answer = {
            "access_token": access,
            "token_type": "Bearer",
            "id_token": self.home.id_token(nonce),
        }
        self.home.issued += [code, access, answer["id_token"]]
        self.give(answer)

    def is_client(self, form):
        kind, _space, coded = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            name, _colon, secret = base64.b64decode(coded).decode().partition(":")
            return (unquote(name), secret) == (CLIENT, SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)

    def userinfo(self, _query):
        person = self.home.tokens[self.headers["Authorization"].removeprefix("Bearer ")]
        if "other person" in self.home.faults:
            person["sub"] = "somebody else"
        self.give(person)

    def redirect(self, url):
        self.send_response(302)
        self.send_header("Location", url)
        self.end_headers()

    def give(self, content, status=200):
        self.give_bytes(json.dumps(content).encode(), "application/json", status)

    def give_bytes(self, content, kind, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):  # The client has heard enough.
            self.wfile.write(content)
