import sys
from typing import TypeVar

from mailed_code import mailed_code
from portcullis_client import AuthenticatedClient, Client
from portcullis_client.api.accounts import read_me, register, verify_by_code
from portcullis_client.api.passwords import change_password
from portcullis_client.api.sessions import login, logout, refresh
from portcullis_client.models import (
    LoginByEmail,
    PasswordChangeRequest,
    Problem,
    ProblemCode,
    RefreshRequest,
    RegisterRequest,
    VerifyRequest,
)

T = TypeVar("T")


def succeeded(answer: T | Problem | None) -> T:
    """What a call answers when it succeeds; what it answers otherwise is raised."""
    if answer is None or isinstance(answer, Problem):
        raise RuntimeError(answer)
    return answer


base_url, email, password, new_password = sys.argv[1:]
anybody = Client(base_url=base_url)

# Somebody registers, and verifies their address by the code of the mail.
account = RegisterRequest(email=email, password=password, name="Ada")
succeeded(register.sync(client=anybody, body=account))
code = mailed_code(base_url, email)
verified = succeeded(verify_by_code.sync(client=anybody, body=VerifyRequest(email=email, code=code)))
print(f"{verified.user.email} is registered")

# A problem names itself in `code`.
refused = register.sync(client=anybody, body=account)
if isinstance(refused, Problem) and refused.code == ProblemCode.EMAIL_TAKEN:
    print(refused.code)

# Whoever has signed in sends the access token with each call.
session = succeeded(login.sync(client=anybody, body=LoginByEmail(email=email, password=password)))
ada = AuthenticatedClient(base_url=base_url, token=session.access_token)
me = succeeded(read_me.sync(client=ada))
print(f"signed in as {me.name}, verified: {str(me.email_verified).lower()}")

# A refresh token is good for one use: it brings the next pair.
tokens = succeeded(refresh.sync(client=anybody, body=RefreshRequest(refresh_token=session.refresh_token)))
ada = AuthenticatedClient(base_url=base_url, token=tokens.access_token)

change = PasswordChangeRequest(current_password="not the password", new_password=new_password)
wrong = change_password.sync(client=ada, body=change)
if isinstance(wrong, Problem):
    print(wrong.code)
change.current_password = password
succeeded(change_password.sync(client=ada, body=change))

# A session that has ended takes its tokens with it.
logout.sync_detailed(client=ada)
ended = read_me.sync(client=ada)
if isinstance(ended, Problem):
    print(f"signed out: {ended.code}")
