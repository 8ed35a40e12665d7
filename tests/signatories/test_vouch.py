"""Vouching: a link from a verified colleague verifies one signature, once."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from config import crypto
from letters.actions import NotAllowed
from signatories import roll, statistics
from signatories.actions import appearing, batches, erasing, moderation, own, sealing, vouching
from signatories.actions.confirming import Gone
from signatories.models import (
    Method,
    Signature,
    State,
    Tally,
    UsedAddress,
    Verification,
    Vouch,
)
from signatories.verification import vouch as vouches
from tests.admin_pages import make_moderator
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature
from tests.privacy.witnesses import all_rows, answer, words

pytestmark = pytest.mark.django_db

TOKEN = "t" * 43
MANAGED = crypto.digest("manage", TOKEN)
TYPED = {
    "name": "Tobias Juniper",
    "email": "tobias@gmail.com",
    "tenure": "former",
    "title": "Poet",
    "role": "research",
    "appearance": "named",
}


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


@pytest.fixture
def letter():
    return make_letter(slug="vouched", allows_vouching=True)


@pytest.fixture
def giver(letter, google):
    return make_giver(letter, google)


def make_giver(letter, google, **fields):
    values = {"state": State.PUBLISHED, "organisation": google, "method": Method.MAILBOX}
    return make_signature(letter, manage_digest=MANAGED, **{**values, **fields})


def give():
    """One link from the giver; the path that a colleague opens."""
    found = vouching.give(token=TOKEN)
    newest = {link.token for link in vouching.open_links(found, TOKEN)}
    return [f"/vouch/{token}/" for token in sorted(newest)]


def send_form(link, **changes):
    return Client().post(link, {**TYPED, **changes})


def sign(link, deliver, code_of, **changes):
    """Sign with a link as people do; return the answer to the typed code."""
    browser = Client()
    code_page = browser.post(link, {**TYPED, **changes}).url
    [mail] = deliver()
    return browser.post(code_page, {"code": code_of(mail)})


def entry():
    return Signature.objects.exclude(manage_digest=MANAGED).get()


def move_batch(letter):
    batches.start_tally(letter)
    now = timezone.now()
    Tally.objects.filter(letter=letter).update(next_batch_at=now)
    batches.publish_batch(letter=letter, now=now)
    letter.refresh_from_db()


# Giving -------------------------------------------------------------------------------------------


def test_give_stores_digests_and_a_day_only(letter, giver, time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    [link] = give()

    vouch = Vouch.objects.get()
    assert vouch.link_digest == crypto.digest("vouch", link.split("/")[2])
    assert (vouch.voucher_digest, str(vouch.expires_on)) == (MANAGED, "2026-01-27")
    giver.refresh_from_db()
    assert giver.vouches_given == 1


def test_give_stops_at_three_open_and_at_five_in_all(giver, letter):
    for _each in range(3):
        give()
    with pytest.raises(NotAllowed):
        give()
    Vouch.objects.all().delete()
    give()
    give()
    Vouch.objects.all().delete()
    with pytest.raises(NotAllowed):
        give()

    giver.refresh_from_db()
    assert giver.vouches_given == 5


@pytest.mark.parametrize(
    "fields",
    [
        {"method": Method.NONE, "shown_organisation": None},
        {"method": Method.VOUCH, "tenure": "former"},
        {"tenure": "former"},
        {"state": State.REJECTED},
    ],
)
def test_give_without_a_mailbox_that_was_proven_is_refused(fields, letter, google):
    make_giver(letter, google, **fields)

    with pytest.raises(NotAllowed):
        vouching.give(token=TOKEN)

    assert not Vouch.objects.exists()
    assert Client().get(f"/signature/{TOKEN}/vouch/").status_code == 404


@pytest.mark.parametrize(
    "fields", [{"allows_vouching": False}, {"visibility": "internal"}, {"status": "closed"}]
)
def test_give_is_refused_where_the_letter_does_not_take_it(fields, google):
    make_giver(make_letter(**{"allows_vouching": True, **fields}), google)

    with pytest.raises(NotAllowed):
        vouching.give(token=TOKEN)


def test_give_without_a_signature_is_gone():
    with pytest.raises(Gone):
        vouching.give(token=TOKEN)


def test_page_gives_shows_again_and_takes_back(giver, client):
    place = f"/signature/{TOKEN}/vouch/"
    before = all_rows()
    risk = words(client.get(place))
    assert all_rows() == before

    client.post(place)
    page = client.get(place).content.decode()
    link = re.search(r"/vouch/[A-Za-z0-9_-]{43}/", page)[0]
    opened = client.get(link).status_code
    client.post(place, {"take_back": str(Vouch.objects.get().pk)})

    assert "Otherwise one mailbox could vouch without end." in risk
    assert opened == 200
    assert client.get(link).status_code == 404
    giver.refresh_from_db()
    assert giver.vouches_given == 1


def test_take_back_reaches_nobody_elses_links(giver, letter, google):
    give()
    other = make_signature(letter, manage_digest=crypto.digest("manage", "o" * 43))

    vouching.take_back(token="o" * 43, pk=Vouch.objects.get().pk)

    assert Vouch.objects.count() == 1
    assert other.vouches_given == 0


def test_page_of_a_duplicate_giver_looks_the_same(letter, google):
    place = f"/signature/{TOKEN}/vouch/"
    pages = []
    for state in (State.IN_REVIEW, State.DUPLICATE):
        make_giver(letter, google, state=state)
        browser = Client()
        answers = [answer(browser.get(place)), answer(browser.post(place))]
        own_page = answer(browser.get(f"/signature/{TOKEN}/"))
        answers += [answer(browser.get(place)), own_page]
        pages.append(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", str(answers)))
        Signature.objects.all().delete()
        Vouch.objects.all().delete()

    assert pages[0] == pages[1]


# Signing with it ------------------------------------------------------------------------------


def test_opening_and_sending_uses_nothing_up(giver, client):
    [link] = give()
    before = all_rows()

    page = words(client.get(link))
    client.head(link)

    assert "A colleague vouches that you work or worked at Google" in page
    assert "We keep nothing afterwards that says who vouched for whom." in page
    assert all_rows() == before
    send_form(link)
    assert Vouch.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "stored", "line"),
    [
        ("former", "former", "Poet, formerly Google"),
        ("current", "", "Poet, Google, now or formerly"),
    ],
)
def test_sign_by_name_is_verified_and_never_says_current(
    typed, stored, line, giver, deliver, code_of
):
    [link] = give()

    answered = sign(link, deliver, code_of, tenure=typed)

    signature = entry()
    assert answered.status_code == 302
    assert (signature.state, signature.method, signature.tenure) == ("in_review", "vouch", stored)
    assert (roll.line(signature).detail, roll.line(signature).is_verified) == (line, True)
    assert not Vouch.objects.exists()
    assert not Verification.objects.exists()


def test_sign_anonymously_keeps_nothing_that_leads_to_the_giver(giver, deliver, code_of):
    [link] = give()
    giver.refresh_from_db()
    before = {field.attname: getattr(giver, field.attname) for field in giver._meta.fields}

    sign(link, deliver, code_of, appearance="anonymous")

    giver.refresh_from_db()
    after = {field.attname: getattr(giver, field.attname) for field in giver._meta.fields}
    signature = entry()
    assert (signature.state, signature.method, signature.name) == ("approved", "vouch", "")
    assert after == before
    assert not Vouch.objects.exists()
    assert str(all_rows()).count(MANAGED) == 1


def test_many_who_sign_by_links_from_one_network_are_a_burst_and_wait(
    giver, deliver, code_of, settings
):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "burst:network": "1/h"}
    first, second = give(), give()

    for number, link in enumerate(dict.fromkeys([*first, *second])):
        sign(link, deliver, code_of, appearance="anonymous", email=f"w{number}@gmail.com")

    signed = Signature.objects.exclude(manage_digest=MANAGED)
    assert sorted(signed.values_list("state", flat=True)) == ["approved", "in_review"]
    waiting = signed.get(state=State.IN_REVIEW)
    assert [flag.kind for flag in waiting.flags.all()] == ["burst"]


def test_sign_ignores_another_organisation_that_was_typed(giver, deliver, code_of):
    make_organisation("Narwhal", "narwhal.example")
    [link] = give()

    sign(link, deliver, code_of, organisation="Narwhal", email="t@narwhal.example")

    assert entry().organisation.name == "Google"


def test_link_works_once(giver, deliver, code_of, client):
    [link] = give()
    sign(link, deliver, code_of)

    assert client.get(link).status_code == 404
    assert words(client.get(link)).count("works once") == 1


def test_second_who_sent_the_form_finds_the_link_used_and_leaves_nothing(giver, deliver, code_of):
    [link] = give()
    browser = Client()
    late = browser.post(link, {**TYPED, "name": "Late Comer", "email": "late@gmail.com"}).url
    [mail] = deliver()
    sign(link, deliver, code_of)

    answered = browser.post(late, {"code": code_of(mail)})

    assert answered.status_code == 404
    assert "Nothing was signed" in words(answered)
    assert not Signature.objects.filter(name="Late Comer").exists()
    assert not Verification.objects.exists()
    assert UsedAddress.objects.count() == 1


def test_known_address_looks_the_same_and_uses_the_link_up(giver, deliver, code_of, client):
    answers = []
    for _each in range(2):
        give()
        links = [f"/vouch/{one.token}/" for one in vouching.open_links(signature_of(), TOKEN)]
        answered = sign(links[0], deliver, code_of, appearance="anonymous")
        receipt = client.get(answered.url)
        answers.append((answer(receipt), client.get(links[0]).status_code))

    assert answers[0] == answers[1]
    states = Signature.objects.filter(method="vouch").values_list("state", flat=True)
    assert sorted(states) == ["approved", "duplicate"]


def signature_of():
    return Signature.objects.get(manage_digest=MANAGED)


def test_link_of_a_duplicate_giver_verifies_nobody_and_looks_the_same(
    letter, google, deliver, code_of, client
):
    make_giver(letter, google, state=State.DUPLICATE)
    [link] = give()

    answered = sign(link, deliver, code_of, appearance="anonymous")

    assert "/receipt/" in answered.url
    assert client.get(answered.url).status_code == 200
    assert entry().state == "duplicate"


def test_depth_is_one(giver, deliver, code_of):
    [link] = give()
    token = sign(link, deliver, code_of, email="t@google.example").url.split("/")[2]

    assert Client().get(f"/signature/{token}/vouch/").status_code == 404
    with pytest.raises(NotAllowed):
        vouching.give(token=token)


# What makes links worthless ---------------------------------------------------------------------


def become_anonymous(letter, giver):
    appearing.appear_without_name(token=TOKEN, appearance="anonymous")


def be_rejected(letter, giver):
    moderation.reject(signature=giver, actor=make_moderator("bob", letter), reason="abuse")


def end(letter, giver):
    sealing.close(letter=letter, actor=None)
    letter.refresh_from_db()
    sealing.seal(letter=letter, actor=None)


@pytest.mark.parametrize(
    "change",
    [
        lambda letter, giver: own.withdraw(token=TOKEN),
        lambda letter, giver: own.leave(token=TOKEN),
        become_anonymous,
        be_rejected,
        end,
    ],
    ids=["withdraw", "leave", "become anonymous", "be rejected", "seal"],
)
def test_open_links_end_with_what_they_rest_on(change, giver, letter, deliver, code_of):
    [link] = give()
    browser = Client()
    page = browser.post(link, TYPED).url
    [mail] = deliver()

    change(letter, giver)

    assert not Vouch.objects.exists()
    assert browser.get(link).status_code == 404
    assert browser.post(page, {"code": code_of(mail)}).status_code == 404
    assert not Signature.objects.filter(method="vouch").exists()


def test_expired_link_is_of_no_use_and_erased(giver, time_machine, client):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    [link] = give()
    time_machine.move_to("2026-01-27T12:00:00Z", tick=False)
    assert client.get(link).status_code == 200
    time_machine.move_to("2026-01-28T12:00:00Z", tick=False)

    assert client.get(link).status_code == 404
    assert ("links to vouch", 1) in list(erasing.erase_expired(now=timezone.now()))
    assert not Vouch.objects.exists()


def test_giver_found_again_keeps_the_links_without_seeing_them(giver, letter, google):
    give()
    other = "o" * 43
    vouch_before = Vouch.objects.get().link_digest
    Signature.objects.filter(pk=giver.pk).update(manage_digest=crypto.digest("manage", other))
    vouches.follow(MANAGED, crypto.digest("manage", other))

    found = Signature.objects.get(pk=giver.pk)
    [link] = vouching.open_links(found, other)
    assert link.token == ""
    assert Vouch.objects.get().link_digest == vouch_before


# Nobody vouches without end -----------------------------------------------------------------------


@pytest.mark.parametrize(("has_given", "is_free"), [(False, True), (True, False)])
def test_withdrawing_frees_the_address_of_those_only_who_never_vouched(
    has_given, is_free, letter, google
):
    UsedAddress.objects.create(letter=letter, digest="d" * 64)
    make_giver(letter, google, address_digest="d" * 64)
    if has_given:
        give()

    own.withdraw(token=TOKEN)

    assert UsedAddress.objects.exists() != is_free


@pytest.mark.parametrize(("given", "carried"), [(0, 0), (1, 5), (4, 5)])
def test_becoming_anonymous_does_not_begin_the_count_anew_nor_tell_it(
    given, carried, letter, google
):
    make_giver(letter, google, vouches_given=given)

    appearing.appear_without_name(token=TOKEN, appearance="anonymous")

    assert Signature.objects.get().vouches_given == carried


# Small groups -------------------------------------------------------------------------------------


def test_vouched_lines_fill_no_minimum(letter, google):
    for _each in range(4):
        make_anonymous(letter, google)
    for _each in range(5):
        make_anonymous(letter, google, method=Method.VOUCH, tenure="former")

    move_batch(letter)
    before = statistics.public_statistics(letter)
    make_anonymous(letter, google)
    move_batch(letter)
    after = statistics.public_statistics(letter)

    assert before["published"]["anonymous"] == 9
    assert before["verified_by_organisation"] == []
    assert [row["signatures"] for row in after["verified_by_organisation"]] == [10]
    assert after["as_of_last_batch"]["by_method"] == {
        "none": 0,
        "mailbox": 5,
        "login": 0,
        "vouch": 5,
        "shown": 0,
    }


def test_vouched_lines_do_not_show_their_tenure_where_mailboxes_say_another(letter, google):
    for _each in range(6):
        make_anonymous(letter, google)
        make_anonymous(letter, google, method=Method.VOUCH, tenure="former")

    move_batch(letter)

    lines = {roll.line(line).detail for line in letter.signatures.on_roll()}
    assert lines == {"Verified employee, Google"}


def test_letter_of_one_organisation_waits_for_mailboxes(letter, google):
    letter.organisations.add(google)
    make_anonymous(letter, google)
    for _each in range(9):
        make_anonymous(letter, google, method=Method.VOUCH, tenure="former")

    move_batch(letter)

    assert statistics.public_statistics(letter)["published"]["anonymous"] == 0
