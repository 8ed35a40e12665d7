"""What one network, mailbox or letter may ask for: the usual numbers, which a host can change."""


def usual(*, is_development: bool) -> dict[str, str]:
    """How often each thing may be done in a minute (m), an hour (h), a day (d), or some of them.

    In development one machine is everybody, so the limits by network are wide.
    """
    return {
        # Whatever becomes of the form: to look at one costs more than to count it.
        "form:network": "30000/h" if is_development else "600/h",
        "sign:network": "3000/h" if is_development else "60/h",
        "sign:letter": "6000/m",
        # Beyond this nothing is refused: entries are flagged for the moderators.
        "burst:network": "6000/h" if is_development else "12/h",
        "burst:domain": "6000/d" if is_development else "30/d",
        # Without the check by the browser, while it is asked for.
        "sign:slow": "60/h" if is_development else "6/h",
        # A mailbox keeps a code of its five for other letters, whoever types it under one.
        "sign:mailbox": "4/d",
        "confirm:network": "6000/h" if is_development else "120/h",
        "confirm:page": "30/h",
        "code:mailbox": "5/d",
        # A company of 50,000 that signs within the hour is not cut off, but no domain's mail
        # server gets more than a thousand codes a minute from here.
        "code:domain": "60000/h",
        "code:page": "1/m",
        "suggest:network": "6000/h" if is_development else "1200/h",
        "roll:network": "600/10m" if is_development else "60/10m",
        "find:network": "600/h" if is_development else "20/h",
        "enter:network": "600/h" if is_development else "20/h",
        "updates:network": "600/h" if is_development else "20/h",
        "report:network": "600/h" if is_development else "10/h",
        "report:letter": "6000/h" if is_development else "120/h",
        "change:page": "30/h",
        "account:network": "600/h" if is_development else "30/h",
        "recovery:account": "10/d",
        "login:account": "60/h",
        "mail:account": "10/d",
        "mail:mailbox": "5/d",
        "mailing:test": "20/d",
        "export:account": "600/h" if is_development else "60/h",
        "import:letter": "20/d",
    }
