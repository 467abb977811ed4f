"""The verification snippets of docs/links.md, run as a chat backend would run them."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from continuation_cli.core import links

DOCS = Path(__file__).parents[2] / "docs" / "links.md"
OLD = links.SigningKey("2026-02", bytes(range(32)))
NEW = links.SigningKey("2026-03", bytes(range(100, 164)))

# Each driver reads a JSON array of tokens on stdin and prints an array of claims, null for a
# token that the snippet refused.
DRIVERS = {
    "js": """
const refused = (token) => { try { return verifyLink(token); } catch { return null; } };
const tokens = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(tokens.map(refused)));
""",
    "python": """
import json, sys

def refused(token):
    try:
        return verify_link(token)
    except Exception:
        return None

json.dump([refused(token) for token in json.load(sys.stdin)], sys.stdout)
""",
}


def snippet(language: str) -> str:
    (found,) = re.findall(rf"(?ms)^```{language}\n(.*?)^```$", DOCS.read_text("utf-8"))
    return str(found)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token(key: links.SigningKey = NEW, *, age: timedelta = timedelta(0)) -> str:
    issued = datetime.now(UTC) - age
    return links.sign(
        "c42/ü", "acme", 7, key, issued_at=issued, expires_at=issued + timedelta(days=1)
    )


def forged(
    key: bytes, algorithm: str = "HS256", kid: str | None = NEW.kid, **claims: object
) -> str:
    """A token with one thing wrong, well-formed in all else."""
    genuine = jwt.decode(token(), options={"verify_signature": False})
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(genuine | claims, key, algorithm=algorithm, headers=headers)


def refusals() -> dict[str, str]:
    header, payload, signature = token().split(".")
    claims = jwt.decode(token(), options={"verify_signature": False})
    other = segment(claims | {"sub": "c43"})
    none = segment({"alg": "none", "typ": "JWT", "kid": NEW.kid})
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    return {
        "expired": token(age=timedelta(days=1, minutes=2)),
        "payload changed": f"{header}.{other}.{signature}",
        "signature changed": f"{header}.{payload}.{flipped}",
        "signature missing": f"{header}.{payload}.",
        "alg none": f"{none}.{payload}.",
        "alg none, old signature": f"{none}.{payload}.{signature}",
        "alg HS512, right secret": forged(NEW.secret, "HS512"),
        "other secret": forged(b"z" * 32),
        "the other key's secret": forged(OLD.secret),
        "unknown key": forged(NEW.secret, kid="2020-01"),
        "empty secret, unknown key": f"{segment({'alg': 'HS256', 'kid': 'x'})}.{payload}.AAAA",
        "no kid": forged(NEW.secret, kid=None),
        "other issuer": forged(NEW.secret, iss="somebody"),
        "not a token": "c42",
        "nothing": "",
    }


def run(command: list[str], language: str, directory: Path, tokens: list[str]) -> list[object]:
    jwks = [
        {
            "kty": "oct",
            "use": "sig",
            "kid": key.kid,
            "alg": "HS256",
            "k": base64.urlsafe_b64encode(key.secret).rstrip(b"=").decode(),
        }
        for key in (NEW, OLD)
    ]
    (directory / "continuation-keys.json").write_text(json.dumps({"keys": jwks}))
    program = directory / f"program.{language}"
    program.write_text(snippet(language) + DRIVERS[language], "utf-8")
    done = subprocess.run(
        [*command, str(program)],
        input=json.dumps(tokens),
        capture_output=True,
        text=True,
        cwd=directory,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len(answers) == len(tokens)
    return list(answers)


def check(command: list[str], language: str, directory: Path) -> None:
    good = [token(NEW), token(OLD)]
    bad = refusals()
    answers = run(command, language, directory, good + list(bad.values()))
    for claims, key in zip(answers[:2], (NEW, OLD), strict=True):
        assert isinstance(claims, dict), f"{key.kid} was refused"
        assert (claims["sub"], claims["aud"], claims["gen"]) == ("c42/ü", "acme", 7)
    accepted = [name for name, claims in zip(bad, answers[2:], strict=True) if claims is not None]
    assert accepted == []


def test_the_python_snippet(tmp_path: Path) -> None:
    check([sys.executable, "-W", "error"], "python", tmp_path)


@pytest.mark.npm
def test_the_node_snippet(tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        if "CI" in os.environ:
            pytest.fail("CI must have Node.js and npm")
        pytest.skip("needs Node.js and npm")
    (tmp_path / "package.json").write_text('{"private": true}')
    install = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "jsonwebtoken@9"]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    check([node], "js", tmp_path)


def test_our_own_verification_refuses_the_same() -> None:
    keys = {key.kid: key.secret for key in (NEW, OLD)}
    now = datetime.now(UTC)
    assert isinstance(links.verify(token(), keys, now=now), links.Verified)
    for name, bad in refusals().items():
        assert isinstance(links.verify(bad, keys, now=now), links.Invalid), name
