"""What a developer's installation would have mailed."""

import time

import httpx


def mailed_code(service: str, email: str) -> str:
    """The code of the first mail to an address, from the mailbox of a developer's installation."""
    for _ in range(1_200):
        mailbox = httpx.get(f"{service}/dev/mailbox.json", params={"to": email}, timeout=60)
        mails = mailbox.json()["items"]
        if mails:
            return str(mails[-1]["code"])
        time.sleep(0.025)
    raise TimeoutError(f"no code was mailed to {email}")
