"""The guards behind the promises (numbered as in docs/architecture.md), and what defends them.

A guard is a piece of text that stands once in its file. Taken out, or replaced by what a
careless change might leave there, at least one of its tests has to fail.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guard:
    """`promise` is its number; `old` becomes `new` in `file`, and one of `tests` must fail."""

    promise: int
    name: str
    file: str
    old: str
    new: str
    tests: list[str]

    def applied_to(self, text: str) -> str:
        return text.replace(self.old, self.new)


ACTIONS = "signatories/actions"
T_ACTIONS = "tests/signatories/actions"
PRIVACY = "tests/privacy"

GUARDS = [
    # 1. Nothing is lost.
    Guard(
        1,
        "tasks are queued on commit only",
        "config/celery.py",
        "transaction.on_commit(partial(_send, task, args, countdown))",
        "_send(task, args, countdown)",
        ["tests/config/test_celery.py"],
    ),
    Guard(
        1,
        "a dead worker's claim ends",
        "signatories/models/verification.py",
        "Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - CLAIM_LEASE),",
        "Q(claimed_at__isnull=True),",
        ["tests/signatories/test_mailbox.py"],
    ),
    Guard(
        1,
        "a broker that is down is no error",
        "config/celery.py",
        "    except (OperationalError, OSError) as error:",
        "    except ZeroDivisionError as error:",
        ["tests/config/test_celery.py"],
    ),
    # 2. One confirmed address, one signature, and nobody by accident.
    Guard(
        2,
        "the address is asked for before the entry counts",
        f"{ACTIONS}/confirming.py",
        "    return UsedAddress.objects.filter(pk=used.pk).exists()",
        "    return True",
        [f"{T_ACTIONS}/test_confirming.py"],
    ),
    Guard(
        2,
        "a proof is used up once",
        f"{ACTIONS}/confirming.py",
        "    if not deleted:\n        raise Gone",
        "    del deleted",
        [f"{T_ACTIONS}/test_confirming.py"],
    ),
    Guard(
        2,
        "spellings of one mailbox are one address",
        "signatories/addresses.py",
        'self.local.split("+", 1)[0] or self.local',
        "self.local",
        ["tests/signatories/test_addresses.py"],
    ),
    Guard(
        2,
        "opening the mailed link confirms nothing",
        "signatories/views/signing.py",
        'request.POST.get("decision") if request.method == "POST" else None',
        'request.POST.get("decision", "confirm")',
        [f"{PRIVACY}/test_scanners.py"],
    ),
    Guard(
        2,
        "a code is tried five times",
        "signatories/verification/mailbox.py",
        "filter(pk=verification.pk, tries__lt=settings.CODE_TRIES)",
        "filter(pk=verification.pk)",
        ["tests/signatories/test_mailbox.py"],
    ),
    Guard(
        2,
        "a name in place of an anonymous line counts once per address",
        f"{ACTIONS}/confirming.py",
        "if is_new or (signature.replaces and _may_replace(signature, digest)):",
        "if is_new or signature.replaces:",
        [f"{T_ACTIONS}/test_becoming_named.py"],
    ),
    Guard(
        2,
        "the address of a duplicate is not freed",
        f"{ACTIONS}/own.py",
        "signature.state not in (State.REJECTED, State.DUPLICATE)\n    _withdraw(signature)",
        "signature.state != State.REJECTED\n    _withdraw(signature)",
        [f"{T_ACTIONS}/test_freeing.py"],
    ),
    Guard(
        2,
        "only the organisation's own mailbox frees an anonymous address",
        f"{ACTIONS}/own.py",
        "if not may_be_freed or affiliation.proven_by(address) != signature.organisation:",
        "if not may_be_freed:",
        [f"{T_ACTIONS}/test_freeing.py"],
    ),
    # 3. The service tells nobody whether an address signed.
    Guard(
        3,
        "an anonymous own page does not say whether it was published",
        "signatories/views/own.py",
        "    if found.is_anonymous:\n        # Which of the two",
        "    if found.is_anonymous and found.state != State.PUBLISHED:\n        # Which of the two",
        [f"{PRIVACY}/test_employers_changes.py"],
    ),
    Guard(
        3,
        "a file of one's own anonymous entry tells no day",
        "signatories/disclosure.py",
        "    if signature.is_anonymous:\n        return {}\n",
        "",
        [f"{PRIVACY}/test_employers_changes.py"],
    ),
    Guard(
        3,
        "a duplicate that becomes anonymous stays a duplicate",
        f"{ACTIONS}/own.py",
        "State.DUPLICATE if named.state == State.DUPLICATE else State.APPROVED",
        "State.APPROVED",
        [f"{T_ACTIONS}/test_becoming_anonymous.py"],
    ),
    Guard(
        3,
        "a duplicate by name is found like the signature",
        f"{ACTIONS}/confirming.py",
        "    if not signature.is_anonymous:\n        # A duplicate carries",
        "    if not (signature.is_anonymous or letter.used_addresses.filter(digest=digest)):\n"
        "        # A duplicate carries",
        [f"{PRIVACY}/test_employers_probe.py"],
    ),
    Guard(
        3,
        "a work mailbox gets no link",
        "signatories/verification/mailbox.py",
        "    if verification.is_private:\n",
        "    if True:\n",
        ["tests/signatories/test_mailbox.py"],
    ),
    Guard(
        3,
        "a work mailbox gets no updates",
        f"{ACTIONS}/signing.py",
        "    if not address.is_private:\n",
        "    if False:\n",
        [f"{T_ACTIONS}/test_subscribing.py"],
    ),
    # 4. We keep no addresses.
    Guard(
        4,
        "the address goes with the confirmation",
        f"{ACTIONS}/confirming.py",
        "deleted, _by_model = Verification.objects.filter(pk=verification.pk).delete()",
        "deleted = Verification.objects.filter(pk=verification.pk).update(tries=9)",
        [f"{PRIVACY}/test_canary.py"],
    ),
    Guard(
        4,
        "ciphertexts carry no time",
        "config/crypto.py",
        "return _field_cipher(tuple(settings.FIELD_KEYS)).encrypt_at_time(plaintext, 0)",
        "return _field_cipher(tuple(settings.FIELD_KEYS)).encrypt(plaintext)",
        ["tests/config/test_crypto.py"],
    ),
    Guard(
        4,
        "keys of the day are destroyed",
        f"{ACTIONS}/erasing.py",
        '        keys.destroy("day", name)',
        "        pass",
        [f"{T_ACTIONS}/test_erasing.py"],
    ),
    Guard(
        4,
        "sealing destroys the digests of addresses",
        f"{ACTIONS}/sealing.py",
        "    sealed.used_addresses.all().delete()\n",
        "",
        [f"{T_ACTIONS}/test_sealing.py"],
    ),
    Guard(
        4,
        "sealing takes the digests off the names",
        f"{ACTIONS}/sealing.py",
        "    sealed.signatures.exclude(address_digest__isnull=True).update(address_digest=None)\n",
        "",
        [f"{T_ACTIONS}/test_sealing.py"],
    ),
    Guard(
        4,
        "sealing destroys the letter's key",
        f"{ACTIONS}/sealing.py",
        '    transaction.on_commit(lambda: keys.destroy("letter", str(sealed.pk)))\n',
        "",
        [f"{T_ACTIONS}/test_sealing.py"],
    ),
    Guard(
        4,
        "a crash while sealing leaves no key behind",
        f"{ACTIONS}/sealing.py",
        '        keys.destroy("letter", name)\n',
        "        pass\n",
        [f"{T_ACTIONS}/test_sealing.py"],
    ),
    Guard(
        4,
        "sealing erases the subscriptions",
        f"{ACTIONS}/sealing.py",
        "    sealed.subscriptions.all().delete()\n",
        "",
        [f"{T_ACTIONS}/test_sealing.py"],
    ),
    Guard(
        4,
        "nothing is confirmed after sealing",
        f"{ACTIONS}/confirming.py",
        "if signature is None or signature.letter.is_sealed:",
        "if signature is None:",
        [f"{T_ACTIONS}/test_sealing.py", f"{T_ACTIONS}/test_confirming.py"],
    ),
    Guard(
        4,
        "the name goes when its owner becomes anonymous",
        f"{ACTIONS}/own.py",
        "    named.delete()\n",
        "",
        [f"{T_ACTIONS}/test_becoming_anonymous.py"],
    ),
    # 5. No small groups.
    Guard(
        5,
        "an organisation shows from the minimum on",
        "signatories/statistics.py",
        "if sum(group.values()) < minimum or _is_too_small(headcount_band, minimum):",
        "if _is_too_small(headcount_band, minimum):",
        ["tests/signatories/test_statistics.py", f"{PRIVACY}/test_small_groups.py"],
    ),
    Guard(
        5,
        "a group hides among ten times its minimum",
        "signatories/statistics.py",
        "if sum(group.values()) < minimum or _is_too_small(headcount_band, minimum):",
        "if sum(group.values()) < minimum:",
        ["tests/signatories/test_statistics.py"],
    ),
    Guard(
        5,
        "every value of the tenure has the minimum",
        "signatories/statistics.py",
        "min(tenures.values()) >= minimum",
        "max(tenures.values()) >= minimum",
        ["tests/signatories/test_statistics.py"],
    ),
    Guard(
        5,
        "every kind of work has the minimum",
        "signatories/statistics.py",
        "min(roles.values()) >= minimum",
        "max(roles.values()) >= minimum",
        ["tests/signatories/test_statistics.py"],
    ),
    Guard(
        5,
        "both show only where every combination has the minimum",
        "signatories/statistics.py",
        "if shows_tenure and shows_role and min(group.values()) < minimum:",
        "if False:",
        ["tests/signatories/test_statistics.py"],
    ),
    Guard(
        5,
        "a letter of one organisation holds a small number back",
        "signatories/statistics.py",
        "    if len(organisations) != 1:\n",
        "    if True:\n",
        ["tests/signatories/test_statistics.py"],
    ),
    Guard(
        5,
        "the roll reads what a line shows, not what it is",
        "signatories/roll.py",
        "        organisation = signature.shown_organisation\n",
        "        organisation = signature.organisation\n",
        [f"{PRIVACY}/test_small_groups.py"],
    ),
    # 6. No side channel in time.
    Guard(
        6,
        "a batch shuffles its lines",
        f"{ACTIONS}/batches.py",
        "    SystemRandom().shuffle(signatures)\n",
        "",
        [f"{PRIVACY}/test_linker.py"],
    ),
    Guard(
        6,
        "a batch shuffles the digests of addresses",
        f"{ACTIONS}/batches.py",
        "    _shuffle(letter.used_addresses.all())\n",
        "",
        [f"{T_ACTIONS}/test_batches.py"],
    ),
    Guard(
        6,
        "a batch shuffles the subscriptions",
        f"{ACTIONS}/batches.py",
        "    _shuffle(letter.subscriptions.all())\n",
        "",
        [f"{T_ACTIONS}/test_batches.py"],
    ),
    Guard(
        6,
        "lines that wait for company are shuffled",
        f"{ACTIONS}/batches.py",
        "    else:\n        _let_wait(letter)\n",
        "",
        [f"{PRIVACY}/test_linker.py"],
    ),
    Guard(
        6,
        "lines get new keys with their batch",
        f"{ACTIONS}/batches.py",
        "        signature.pk = Signature._meta.pk.get_default()\n",
        "",
        [f"{T_ACTIONS}/test_batches.py"],
    ),
    Guard(
        6,
        "no day is finer than that of the batch",
        f"{ACTIONS}/batches.py",
        "signature.published_on = signature.confirmed_on = signature.submitted_on = today",
        "signature.published_on = today",
        [f"{T_ACTIONS}/test_batches.py"],
    ),
    Guard(
        6,
        "few lines wait for company",
        f"{ACTIONS}/batches.py",
        "    elif is_last or not _wait_for_company(letter, now):",
        "    elif True:",
        [f"{T_ACTIONS}/test_batches.py"],
    ),
    Guard(
        6,
        "a withdrawn anonymous line stays until the batch",
        f"{ACTIONS}/own.py",
        "    if signature.is_anonymous and signature.is_on_roll:\n",
        "    if False:\n",
        [f"{PRIVACY}/test_small_groups.py"],
    ),
    Guard(
        6,
        "an anonymous signature is carried over by batch",
        f"{ACTIONS}/own.py",
        "    if signature.is_anonymous:\n        signature.carried_to = current",
        "    if False:\n        signature.carried_to = current",
        [f"{T_ACTIONS}/test_own.py"],
    ),
    Guard(
        6,
        "figures tell nothing of lines that wait",
        "signatories/models/signature.py",
        "        return self.filter(~waiting, replaces__isnull=True)",
        "        return self.filter(replaces__isnull=True)",
        [f"{T_ACTIONS}/test_batches.py", "tests/signatories/test_statistics.py"],
    ),
    # 7. The text you signed is the text you signed.
    Guard(
        7,
        "published texts are append-only",
        "letters/migrations/0002_append_only.py",
        '    "letters_letterversion": "letter_id, number, title, text, sha256, published_on",\n',
        "",
        ["tests/letters/test_append_only.py"],
    ),
    Guard(
        7,
        "who saw an older text reads the newer one first",
        "signatories/forms.py",
        "if number and current and number != current.number:",
        "if False:",
        ["tests/signatories/test_forms.py"],
    ),
    Guard(
        7,
        "the digest covers the demands",
        "letters/models/letter.py",
        '"demands": [list(demand) for demand in demands]}',
        '"demands": []}',
        ["tests/letters/test_models.py", "tests/letters/test_actions.py"],
    ),
    # 8. Anyone can check the count.
    Guard(
        8,
        "withdrawals are counted",
        f"{ACTIONS}/own.py",
        "    statistics.depart_from(signature, fate)\n",
        "",
        [f"{T_ACTIONS}/test_own.py"],
    ),
    Guard(
        8,
        "an entry that would replace another is not counted beside it",
        "signatories/models/signature.py",
        "        return self.filter(~waiting, replaces__isnull=True)",
        "        return self.filter(~waiting)",
        [f"{T_ACTIONS}/test_becoming_named.py"],
    ),
    Guard(
        8,
        "what is undecided at sealing counts as rejected",
        f"{ACTIONS}/sealing.py",
        "    _reject_undecided(sealed)\n",
        "",
        [f"{T_ACTIONS}/test_sealing.py"],
    ),
    # 9. No third parties.
    Guard(
        9,
        "the policy allows nothing by default",
        "config/settings.py",
        '        "default-src": [NONE],\n',
        "",
        ["tests/config/test_http.py", "tests/signatories/test_views.py"],
    ),
    Guard(
        9,
        "pages are private unless they say otherwise",
        "config/middleware.py",
        '            response["Cache-Control"] = "no-store"',
        "            pass",
        ["tests/config/test_http.py"],
    ),
    Guard(
        9,
        "logs are scrubbed",
        "config/logs.py",
        "        return scrub(super().format(record))",
        "        return super().format(record)",
        ["tests/config/test_logs.py"],
    ),
    Guard(
        9,
        "networks are digested coarsely",
        "config/ratelimit.py",
        "    bits = 24 if parsed.version == 4 else 56",
        "    bits = 32 if parsed.version == 4 else 128",
        ["tests/config/test_ratelimit.py"],
    ),
    Guard(
        9,
        "a name kept from search engines is on no page they list",
        "signatories/roll.py",
        "        and not any(signature.is_hidden_from_search for signature in shown)\n",
        "",
        ["tests/signatories/test_roll.py", "tests/signatories/test_own_pages.py"],
    ),
    # 10. What is written here about privacy is what the code does.
    Guard(
        10,
        "a new field has to be accounted for",
        "signatories/models/verification.py",
        "    tries = models.PositiveSmallIntegerField(default=0)\n",
        "    tries = models.PositiveSmallIntegerField(default=0)\n"
        "    browser = models.CharField(max_length=99, blank=True)\n",
        ["tests/signatories/test_inventory.py"],
    ),
    Guard(
        10,
        "the durations that pages tell are those of the settings",
        "config/settings.py",
        "UNCONFIRMED_ANONYMOUS_HOURS = 24",
        "UNCONFIRMED_ANONYMOUS_HOURS = 36",
        ["tests/test_docs.py", "tests/signatories/test_durations.py"],
    ),
]
