"""What Schemathesis cannot learn from the document: who is an administrator, what the mails say, and which
refusals of well-formed data are no fault of the document."""

import itertools
import os
import subprocess
import time
import unicodedata
import uuid
from collections import defaultdict
from urllib.parse import parse_qs, urlsplit

import requests
import schemathesis

SERVER = os.environ["CONFORMANCE_SERVER"]
PROGRAM = os.environ["CONFORMANCE_PROGRAM"]
# Of every account made here. The document has it in its examples, so those succeed.
PASSWORD = "correct horse battery"


def post(path, body, access_token=None):
    headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
    answer = requests.post(f"{SERVER}/api/v1{path}", json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json()


def unused_address():
    return f"{uuid.uuid4()}@conformance.example"


def signed_in_administrator():
    email = unused_address()
    create = [PROGRAM, "user", "create", "--email", email, "--admin", "--password-stdin"]
    subprocess.run(create, input=PASSWORD, text=True, check=True, capture_output=True)
    return post("/auth/login", {"email": email, "password": PASSWORD})


@schemathesis.auth(refresh_interval=600)
class Administrator:
    """Calls are made by one administrator until a call ends that session, as many are there to do; then by the
    next. Schemathesis asks for another when it is answered 401, and repeats the call."""

    def get(self, case, context):
        return signed_in_administrator()["access_token"]

    def set(self, case, access_token, context):
        case.headers["Authorization"] = f"Bearer {access_token}"


def mail(address, page):
    """The mail to an address whose link leads to a page, once it is there: the link's secret and the code."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        mailbox = requests.get(f"{SERVER}/dev/mailbox.json", params={"to": address}, timeout=30).json()
        for found in mailbox["items"]:
            for link in map(urlsplit, found["links"]):
                if link.path == page:
                    return parse_qs(link.query)["token"][0], found["code"]
        time.sleep(0.02)
    raise TimeoutError(f"no mail for {page}")


def registered():
    email = unused_address()
    post("/auth/register", {"email": email, "password": PASSWORD})
    return email


def verified():
    email = registered()
    token, _ = mail(email, "/verify-email")
    requests.get(f"{SERVER}/api/v1/auth/verify-email/{token}", timeout=30).raise_for_status()
    return email


def verification_link(case):
    token, _ = mail(registered(), "/verify-email")
    return {"token": token}


def verification_code(case):
    email = registered()
    _, code = mail(email, "/verify-email")
    return {"email": email, "code": code}


def reset_link(case):
    email = registered()
    post("/auth/password-reset/request", {"email": email})
    token, _ = mail(email, "/reset-password")
    return {"token": token, "new_password": PASSWORD, "password_confirm": None}


def email_change_link(case):
    new_email = unused_address()
    access_token = signed_in_administrator()["access_token"]
    post("/auth/email-change", {"new_email": new_email, "password": PASSWORD}, access_token)
    token, _ = mail(new_email, "/confirm-email-change")
    return {"token": token}


def account(case):
    return {"email": verified(), "username": None, "password": PASSWORD}


def refresh_token(case):
    return {"refresh_token": signed_in_administrator()["refresh_token"]}


def own_session(case):
    sessions = requests.get(f"{SERVER}/api/v1/auth/sessions", headers=dict(case.headers), timeout=30)
    return {"id": sessions.json()["items"][0]["id"]} if sessions.ok else {}


def free_names(case):
    return {"email": unused_address(), "username": None, "password": PASSWORD}


# What a call needs to succeed that can neither be read in the document nor guessed.
KNOWLEDGE = {
    "GET /api/v1/auth/verify-email/{token}": verification_link,
    "POST /api/v1/auth/verify": verification_code,
    "POST /api/v1/auth/password-reset/confirm": reset_link,
    "POST /api/v1/auth/email-change/confirm": email_change_link,
    "POST /api/v1/auth/register": free_names,
    "POST /api/v1/auth/login": account,
    "POST /api/v1/auth/refresh": refresh_token,
    "DELETE /api/v1/auth/sessions/{id}": own_session,
    "POST /api/v1/auth/password-change": lambda case: {"current_password": PASSWORD},
    "POST /api/v1/auth/email-change": lambda case: {"new_email": unused_address(), "password": PASSWORD},
    "DELETE /api/v1/auth/me": lambda case: {"password": PASSWORD},
    "DELETE /api/v1/users/me": lambda case: {"password": PASSWORD},
    "POST /api/v1/users": free_names,
}
CALLS = defaultdict(itertools.count)


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    """Every other well-formed call gets what it needs; the rest have to be refused as they should."""
    learn = KNOWLEDGE.get(case.operation.label)
    if learn is None or not is_positive(case) or next(CALLS[case.operation.label]) % 2:
        return
    if case.path_parameters:
        case.path_parameters.update(learn(case))
    elif isinstance(case.body, dict):
        case.body.update(learn(case))


# A schema cannot say this of a value; it depends on lists, on other fields and on the store.
BEYOND_SCHEMAS = {"common_password", "contains_identity", "mismatch", "unknown"}


def is_beyond_schemas(error, case):
    field, code = error["field"], error["code"]
    if code in {"too_short", "too_long"} and field in {"password", "new_password"}:
        # The schema counts characters as they are sent, the service after NFKC.
        password = case.body[field]
        return len(unicodedata.normalize("NFKC", password)) != len(password)
    return code in BEYOND_SCHEMAS or (field, code) == ("cursor", "invalid")


@schemathesis.check
def well_formed_data_is_refused_for_what_no_schema_can_say(ctx, response, case):
    """`schemathesis.toml` lets some calls answer 400 and 422 to well-formed data. Here is to which."""
    if not is_positive(case) or response.status_code not in {400, 422}:
        return
    problem = response.json()
    if problem["code"] == "validation_failed":
        wrong = [error for error in problem["errors"] if not is_beyond_schemas(error, case)]
        assert not wrong, f"the document allows what was refused: {wrong}"
    else:
        assert problem["code"] in {"invalid_token", "invalid_code"}, problem["code"]
