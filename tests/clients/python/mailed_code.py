"""What a developer's installation would have mailed."""

import time

import httpx


def mailed_code(service: str, email: str) -> str:
    """The code of the first mail to an address, from the mailbox of a developer's installation."""
    for _ in range(400):
        mails = httpx.get(f"{service}/dev/mailbox.json", params={"to": email}).json()["items"]
        if mails:
            return str(mails[-1]["code"])
        time.sleep(0.025)
    raise TimeoutError(f"no code was mailed to {email}")
