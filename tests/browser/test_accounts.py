"""Making an account and entering it: with a passkey, and without JavaScript with an app."""

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.axe import faults
from tests.browser.conftest import MODERATOR, make_moderator
from tests.browser.watching import open_page

pytestmark = pytest.mark.browser

PASSWORD = "four small stones"


@contextmanager
def browser_with_passkeys(browser, site, **options):
    """Under a name, and with something that holds passkeys and knows its owner by the finger."""
    origin = site.url.replace("127.0.0.1", "localhost")
    with open_page(browser, origin, java_script_enabled=True, **options) as page:
        device = page.context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        added = device.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        page.knows_finger = lambda knows: device.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": added["authenticatorId"], "isUserVerified": knows},
        )
        yield page


def invitation(site):
    return re.search(r"/accounts/invitation/\S+", site.manage("invite"))[0]


def heading(page, text):
    """Wait for the page, and for its scripts: what is pressed before they run is lost."""
    expect(page.get_by_role("heading", level=1)).to_have_text(text)
    page.wait_for_load_state()


def choose(page, name, way):
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("radio", name=way).check()
    page.get_by_role("button", name="Continue").click()


def make_account_by_passkey(page, site, name):
    page.goto(invitation(site))
    choose(page, name, "With a passkey")
    heading(page, "Make a passkey")
    page.get_by_role("button", name="Make the passkey").click()
    heading(page, "Your account")


def make_account_by_password(page, site, name):
    """Return the secret of the app."""
    page.goto(invitation(site))
    choose(page, name, "With a password and an app")
    heading(page, "Choose a password")
    for field in ("Password", "The same once more"):
        page.get_by_label(field, exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    heading(page, "Set up an app")
    secret = page.locator("[data-secret]").inner_text()
    page.get_by_label("Six digits from the app").fill(steps.unused_code(secret, name))
    page.get_by_role("button", name="Set up the app").click()
    heading(page, "Recovery codes")
    return secret


def sign_out(page):
    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    heading(page, "Open letters")
    page.goto("/accounts/login/")


def sign_in_by_password(page, name):
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


# With a passkey -------------------------------------------------------------------------------


def test_organiser_makes_an_account_with_a_passkey_and_comes_back_with_it(browser, site):
    """Under the real content policy: `open_page` fails on anything that it refuses."""
    with browser_with_passkeys(browser, site) as page:
        page.goto("/accounts/login/")
        expect(page.locator("main")).not_to_contain_text("switched off here")
        make_account_by_passkey(page, site, "heron")
        expect(page.locator("main")).to_contain_text("You are heron here.")
        expect(page.locator("main")).not_to_contain_text("Set up a second factor")

        sign_out(page)
        page.get_by_role("button", name="Sign in with a passkey").click()

        heading(page, "Your account")
        expect(page.locator("main")).to_contain_text("You are heron here.")


def test_passkey_alone_opens_the_administration(browser, site):
    with browser_with_passkeys(browser, site) as page:
        make_account_by_passkey(page, site, "egret")
        site.python(
            "from letters.actions import give_role\n"
            "from letters.models import Letter, User\n"
            "letter = Letter.objects.get(slug='iceout-tech')\n"
            "egret = User.objects.get(username='egret')\n"
            "give_role(letter=letter, user=egret, role='moderator', actor=None)"
        )
        sign_out(page)

        page.get_by_role("button", name="Sign in with a passkey").click()
        heading(page, "Your letters")
        page.goto("/admin/")

        heading(page, "Moderation")


def test_passkey_without_the_finger_opens_nothing(browser, site):
    with browser_with_passkeys(browser, site) as page:
        make_account_by_passkey(page, site, "bittern")
        sign_out(page)
        page.knows_finger(False)

        page.get_by_role("button", name="Sign in with a passkey").click()

        expect(page.get_by_role("alert")).to_contain_text("No passkey was used.")
        page.goto("/accounts/")
        heading(page, "Sign in")


def test_passkey_that_was_not_made_leaves_account_and_invitation_alone(browser, site):
    with browser_with_passkeys(browser, site) as page:
        address = invitation(site)
        page.goto(address)
        page.knows_finger(False)
        choose(page, "crane", "With a passkey")
        heading(page, "Make a passkey")

        page.get_by_role("button", name="Make the passkey").click()

        expect(page.get_by_role("alert")).to_contain_text("No passkey was made")
        assert site.ask("SELECT id FROM letters_user WHERE username = 'crane'") == []
        assert page.goto(address).status == 200


def test_lost_passkey_is_replaced_by_a_link_and_opens_nothing_any_more(browser, site):
    with browser_with_passkeys(browser, site) as lost:
        make_account_by_passkey(lost, site, "stork")
        link = re.search(r"/accounts/recovery/\S+", site.manage("recover", "stork"))[0]

        with browser_with_passkeys(browser, site) as page:
            page.goto(link)
            heading(page, "Come in again")
            page.get_by_role("radio", name="With a passkey").check()
            page.get_by_role("button", name="Continue").click()
            heading(page, "Make a passkey")
            page.get_by_role("button", name="Make the passkey").click()
            heading(page, "Your account")
            expect(page.locator("main")).to_contain_text("You are stork here.")

        lost.goto("/accounts/")
        heading(lost, "Sign in")
        lost.get_by_role("button", name="Sign in with a passkey").click()
        expect(lost.locator(".notice")).to_contain_text("This code is not right")


# Without JavaScript ---------------------------------------------------------------------------


def test_organiser_makes_an_account_with_password_and_app_without_scripts(page, site):
    secret = make_account_by_password(page, site, "ibis")
    codes = page.locator(".recovery-codes li").all_inner_texts()
    assert len(codes) == 10

    sign_out(page)
    sign_in_by_password(page, "ibis")
    heading(page, "Second factor")
    page.get_by_label("Code").fill(steps.unused_code(secret, "ibis"))
    page.get_by_role("button", name="Sign in", exact=True).click()
    heading(page, "Your account")

    sign_out(page)
    sign_in_by_password(page, "ibis")
    page.get_by_label("Code").fill(codes[3])
    page.get_by_role("button", name="Sign in", exact=True).click()
    heading(page, "Your account")
    expect(page.locator("main")).to_contain_text("9 codes are left.")


def test_pages_say_that_passkeys_need_javascript_and_a_name(page, site):
    page.goto("/accounts/login/")
    expect(page.locator("main")).to_contain_text("Passkeys need JavaScript")

    page.goto(invitation(site))

    expect(page.locator("main")).to_contain_text("It needs JavaScript.")
    expect(page.locator("main")).to_contain_text("opened by a number instead of a name")


def test_moderator_ends_a_session_that_runs_elsewhere(browser, site, page):
    # Not the one whose session the other tests share.
    moderator = ("quail", PASSWORD, MODERATOR[2])
    site.python(make_moderator(*moderator))
    with open_page(browser, site.url) as elsewhere:
        steps.log_in(elsewhere, *moderator)
        steps.log_in(page, *moderator)

        page.goto("/accounts/sessions/")
        page.get_by_role("button", name="End all but this one").click()

        elsewhere.goto("/admin/")
        heading(elsewhere, "Sign in")
        page.goto("/admin/")
        heading(page, "Moderation")


# Accessibility --------------------------------------------------------------------------------


def test_pages_of_accounts_by_password_are_accessible(browser, site):
    found = []
    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as page:

        def look(name):
            heading(page, name)
            found.extend(faults(page, name))

        page.goto("/accounts/signup/")
        look("Accounts by invitation")
        address = invitation(site)
        page.goto(address)
        look("Make an account")
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert").first).to_be_visible()
        look("Make an account")
        choose(page, "plover", "With a password and an app")
        look("Choose a password")
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert")).to_be_visible()
        look("Choose a password")
        secret = make_account_by_password(page, site, "godwit")
        look("Recovery codes")
        for path, name in {
            "": "Your account",
            "sessions/": "Where you are signed in",
            "people/": "Help somebody to come in again",
            "app/remove/": "Remove the app?",
            "codes/renew/": "Make recovery codes",
            "password/change/": "Change the password",
            "reauthenticate/": "Is it you?",
            "2fa/reauthenticate/": "Is it you?",
            "passkeys/": "Passkeys",
            "passkeys/add/": "Add a passkey",
            "inactive/": "Account switched off",
            "logout/": "Sign out",
        }.items():
            page.goto(f"/accounts/{path}")
            look(name)
        sign_out(page)
        sign_in_by_password(page, "godwit")
        look("Second factor")
        page.get_by_label("Code").fill("1")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("alert")).to_be_visible()
        look("Second factor")
        assert secret
        page.context.clear_cookies()
        page.goto(re.search(r"/accounts/recovery/\S+", site.manage("recover", "godwit"))[0])
        look("Come in again")

    assert found == []


def test_pages_of_accounts_by_passkey_are_accessible(browser, site):
    found = []
    with browser_with_passkeys(browser, site, bypass_csp=True) as page:

        def look(name):
            heading(page, name)
            found.extend(faults(page, name))

        page.goto(invitation(site))
        choose(page, "dunlin", "With a passkey")
        look("Make a passkey")
        page.get_by_role("button", name="Make the passkey").click()
        look("Your account")
        page.goto("/accounts/password/set/")
        look("Set a password")
        page.goto("/accounts/passkeys/")
        look("Passkeys")
        page.get_by_role("link", name="Rename").click()
        look("Rename the passkey")
        page.goto("/accounts/passkeys/")
        page.get_by_role("link", name="Remove").click()
        look("Remove the passkey?")
        page.get_by_role("button", name="Remove the passkey").click()
        expect(page.locator(".notice")).to_contain_text("the only way into your account")
        look("Passkeys")

    assert found == []


def test_pages_of_helping_and_inviting_are_accessible(browser, site):
    found = []
    site.python(
        "from allauth.mfa.totp.internal.auth import TOTP\n"
        "from letters.models import User\n"
        f"host = User.objects.create_superuser('harriet', password='{PASSWORD}')\n"
        "TOTP.activate(host, 'KRSXG5CTMVRXEZLU')"
    )
    with open_page(browser, site.url, java_script_enabled=True, bypass_csp=True) as page:
        steps.log_in(page, "harriet", PASSWORD, "KRSXG5CTMVRXEZLU")

        page.goto("/accounts/mail/")
        found += faults(page, "address for notices")
        page.get_by_label("Address at a public mail provider").fill("heron@gmail.com")
        page.get_by_role("button", name="Send me a code").click()
        expect(page.get_by_label("Eight digits from the message")).to_be_visible()
        found += faults(page, "code for the address")
        page.goto("/accounts/people/")
        found += faults(page, "people")
        page.get_by_role("button", name="Make a link margit").click()
        heading(page, "A link for margit")
        found += faults(page, "recovery link")
        page.goto("/admin/letters/invitation/add/")
        found += faults(page, "invite")
        page.get_by_role("button", name="Make a link").click()
        expect(page.locator("[data-one-time-link]")).to_be_visible()
        found += faults(page, "invitation link")
        page.goto("/admin/letters/invitation/")
        found += faults(page, "invitations")

    assert found == []
