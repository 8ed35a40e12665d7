from django.urls import path, re_path

from signatories.dashboard import (
    downloads,
    ending,
    history,
    imports,
    mailing,
    overview,
    previews,
    prominent,
    rules,
)
from signatories.dashboard import updates as news
from signatories.views import (
    changes,
    health,
    inviting,
    login,
    members,
    own,
    promise,
    public,
    signing,
    updates,
    versions,
    vouching,
)

CAPABILITY = r"(?P<token>[A-Za-z0-9_-]{43})"

public_patterns = (
    [
        path("", public.index, name="index"),
        path("how-it-works/", public.how, name="how"),
        path("privacy/", promise.privacy, name="privacy"),
        path("what-an-employer-can-see/", promise.employer, name="employer"),
        path("organisations/", public.organisations, name="organisations"),
        path("members/", members.enter, name="members"),
        path("members/leave/", members.leave, name="leave"),
        path("letters/<slug:slug>/", public.letter, name="letter"),
        path("letters/<slug:slug>/sign/", signing.sign, name="sign"),
        path("letters/<slug:slug>/roll/", public.roll_page, name="roll"),
        path("letters/<slug:slug>/updates/", updates.timeline, name="updates"),
        path("letters/<slug:slug>/updates/subscribe/", updates.subscribe, name="subscribe"),
        path("letters/<slug:slug>/versions/", versions.versions, name="versions"),
        path("letters/<slug:slug>/versions/<int:number>/", versions.version, name="version"),
        path("letters/<slug:slug>/versions/<int:number>/text.json", versions.text, name="text"),
        path("letters/<slug:slug>/verification/", public.verification, name="verification"),
        path("letters/<slug:slug>/stats.json", public.stats, name="stats"),
    ],
    "public",
)

signer_patterns = (
    [
        path("signature/find/", own.find, name="find"),
        re_path(rf"^confirm/{CAPABILITY}/$", signing.confirm, name="confirm"),
        re_path(rf"^confirm/{CAPABILITY}/login/$", login.login, name="login"),
        path("login/<slug:provider>/", login.answer, name="answer"),
        re_path(rf"^signature/{CAPABILITY}/$", own.signature, name="signature"),
        re_path(rf"^signature/{CAPABILITY}/receipt/$", own.receipt, name="receipt"),
        re_path(rf"^signature/{CAPABILITY}/data.json$", own.data, name="data"),
        re_path(rf"^signature/{CAPABILITY}/withdraw/$", own.withdraw, name="withdraw"),
        re_path(rf"^signature/{CAPABILITY}/title/$", changes.title, name="title"),
        re_path(rf"^signature/{CAPABILITY}/vouch/$", vouching.vouch, name="vouch"),
        re_path(rf"^vouch/{CAPABILITY}/$", vouching.vouched, name="vouched"),
        re_path(rf"^signature/{CAPABILITY}/left/$", changes.left, name="left"),
        re_path(rf"^signature/{CAPABILITY}/anonymous/$", changes.anonymous, name="anonymous"),
        re_path(rf"^signature/{CAPABILITY}/counted/$", changes.counted, name="counted"),
        re_path(rf"^signature/{CAPABILITY}/everybody/$", changes.everybody, name="everybody"),
        re_path(rf"^signature/{CAPABILITY}/named/$", changes.named, name="named"),
        re_path(rf"^signature/{CAPABILITY}/text/$", changes.text, name="text"),
        re_path(rf"^signature/{CAPABILITY}/search/$", changes.search, name="search"),
        re_path(rf"^signature/{CAPABILITY}/prominent/$", changes.prominent, name="prominent"),
        re_path(rf"^invitation/{CAPABILITY}/$", inviting.invited, name="invitation"),
        re_path(rf"^updates/{CAPABILITY}/$", updates.subscription, name="subscription"),
        re_path(rf"^updates/end/{CAPABILITY}/$", updates.end, name="end_updates"),
    ],
    "signer",
)

health_patterns = [path("readyz", health.readyz, name="readyz")]

manage_paths = [
    path("", overview.letters, name="letters"),
    path("letters/<slug:slug>/", overview.letter, name="letter"),
    path("letters/<slug:slug>/rules/", rules.rules, name="policy"),
    path("letters/<slug:slug>/downloads/", downloads.downloads, name="downloads"),
    path("letters/<slug:slug>/downloads/<str:file>", downloads.download, name="download"),
    path("letters/<slug:slug>/archive.zip", downloads.whole, name="archive"),
    path("letters/<slug:slug>/import/", imports.upload, name="import"),
    path("letters/<slug:slug>/import/<uuid:pk>/", imports.import_of, name="import_of"),
    path("letters/<slug:slug>/import/<uuid:pk>/report/", imports.report, name="import_report"),
    path("letters/<slug:slug>/import/<uuid:pk>/report.csv", imports.report_csv, name="import_csv"),
    path("letters/<slug:slug>/updates/", news.updates, name="updates"),
    path("letters/<slug:slug>/updates/new/", news.new, name="new_update"),
    path("letters/<slug:slug>/updates/preview/", news.preview, name="preview_update"),
    path("letters/<slug:slug>/updates/<int:pk>/", news.update, name="update"),
    path("letters/<slug:slug>/updates/<int:pk>/delete/", news.delete, name="delete_update"),
    path("letters/<slug:slug>/updates/<int:pk>/mailing/", mailing.mailing, name="mailing"),
    path("letters/<slug:slug>/updates/<int:pk>/mailing/html/", mailing.as_html, name="as_html"),
    path("letters/<slug:slug>/updates/<int:pk>/mailing/now/", mailing.now, name="mailing_now"),
    path("letters/<slug:slug>/prominent/", prominent.prominent, name="prominent"),
    path("letters/<slug:slug>/take-down/", ending.taking_down, name="take_down"),
    path("letters/<slug:slug>/close/", ending.closing, name="close"),
    path("letters/<slug:slug>/reopen/", ending.reopening, name="reopen"),
    path("letters/<slug:slug>/seal/", ending.sealing_for_ever, name="seal"),
    path("letters/<slug:slug>/public/", ending.going_public, name="public"),
    path("letters/<slug:slug>/preview/", previews.as_public, name="as_public"),
    path("letters/<slug:slug>/preview/sign/", previews.as_signatory, name="as_signatory"),
    path("letters/<slug:slug>/versions/", history.versions, name="versions"),
    path("letters/<slug:slug>/versions/<int:number>/", history.version, name="version"),
]
