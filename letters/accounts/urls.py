"""The addresses below `/accounts/`. The library's pages stand here one by one.

It has more of them: confirming, changing and resetting by mail. They would write to any
address that somebody types, and a work mailbox gets one kind of mail only.
"""

from allauth.account import views as account
from allauth.account.decorators import reauthentication_required
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.urls import path, re_path

from config.second_factor import asks_for_second_factor as guarded
from letters.accounts import mail_pages, pages, views
from letters.accounts.views import with_scripts

CAPABILITY = r"(?P<token>[A-Za-z0-9_-]{43})"

# The page to sign in is the same for everybody; its script asks for a challenge when needed.
login = csp_update({"script-src": [SELF], "connect-src": [SELF]})(account.login)
sign_up = views.SignUp.as_view()
recover = views.Recover.as_view()
mail = guarded(reauthentication_required(mail_pages.account_mail))
set_password = reauthentication_required(pages.SetPassword.as_view())

account_patterns = [
    path("", login_required(pages.Account.as_view()), name="mfa_index"),
    path("login/", login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", sign_up, name="account_signup"),
    re_path(rf"^invitation/{CAPABILITY}/$", sign_up, name="account_invitation"),
    re_path(rf"^recovery/{CAPABILITY}/$", recover, name="account_recover"),
    path("people/", views.people, name="account_people"),
    path("sessions/", views.sessions, name="account_sessions"),
    path("mail/", mail, name="account_mail"),
    re_path(rf"^notices/{CAPABILITY}/$", mail_pages.switch_off, name="account_notices_off"),
    path(
        "password/change/", guarded(pages.ChangePassword.as_view()), name="account_change_password"
    ),
    path("password/set/", guarded(set_password), name="account_set_password"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("2fa/authenticate/", with_scripts(mfa.authenticate), name="mfa_authenticate"),
    path("2fa/reauthenticate/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("app/add/", guarded(pages.AddApp.as_view()), name="mfa_activate_totp"),
    path("app/remove/", guarded(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("codes/", guarded(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "codes/download/",
        guarded(recovery_codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path(
        "codes/renew/",
        guarded(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path("passkeys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path(
        "passkeys/add/", guarded(with_scripts(pages.AddPasskey.as_view())), name="mfa_add_webauthn"
    ),
    path("passkeys/login/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path(
        "passkeys/reauthenticate/",
        with_scripts(webauthn.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path("passkeys/<int:pk>/name/", guarded(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    path(
        "passkeys/<int:pk>/remove/",
        guarded(pages.RemovePasskey.as_view()),
        name="mfa_remove_webauthn",
    ),
]
