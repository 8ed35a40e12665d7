"""Doors for organisers on the floor of the letters; `config.urls` adds those of signatures."""

from django.urls import path, re_path

from letters.dashboard import (
    letters,
    notices,
    publishing,
    recipients,
    responses,
    teams,
    texts,
    trail,
)

manage_paths = [
    path("new/", letters.new, name="new"),
    path("handbook/", letters.handbook, name="handbook"),
    re_path(r"^join/(?P<token>[A-Za-z0-9_-]{43})/$", teams.join, name="join"),
    path("letters/<slug:slug>/text/", texts.text, name="text"),
    path("letters/<slug:slug>/text/save/", texts.autosave, name="autosave"),
    path("letters/<slug:slug>/text/preview/", texts.preview, name="preview"),
    path("letters/<slug:slug>/text/discard/", texts.discard, name="discard"),
    path("letters/<slug:slug>/publish/", publishing.publish, name="publish"),
    path("letters/<slug:slug>/publish/time/", publishing.plan, name="plan"),
    path("letters/<slug:slug>/publish/time/drop/", publishing.drop_plan, name="drop_plan"),
    path("letters/<slug:slug>/publish/time/approve/", publishing.approve_plan, name="approve_plan"),
    path("letters/<slug:slug>/publish/write-on/", letters.write_on, name="write_on"),
    path("letters/<slug:slug>/publish/return/", letters.returned, name="returned"),
    path("letters/<slug:slug>/delete/", letters.delete, name="delete"),
    path("letters/<slug:slug>/recipients/", recipients.recipients, name="recipients"),
    path("letters/<slug:slug>/responses/", responses.responses, name="responses"),
    path("letters/<slug:slug>/team/", teams.team, name="team"),
    path("letters/<slug:slug>/trail/", trail.page, name="trail"),
    path("letters/<slug:slug>/trail.csv", trail.download, name="trail_file"),
    path("letters/<slug:slug>/notices/", notices.choices, name="notices"),
    path("news/", notices.news_list, name="news"),
]
