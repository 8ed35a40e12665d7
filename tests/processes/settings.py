"""Production's settings with a quick clock: a test need not wait for a sweep."""

from config.settings import *  # noqa: F403
from config.settings import CELERY_BEAT_SCHEDULE, DEBUG, STORAGES, env

seconds = env.float("TESTS_CLOCK", default=1)
for entry in CELERY_BEAT_SCHEDULE.values():
    entry["schedule"] = min(entry["schedule"], seconds)
CELERY_BEAT_SCHEDULER = "tests.processes.clock:Scheduler"

# Compressing every file takes seconds; only a browser looks at them.
if not DEBUG and not env.bool("TESTS_LOOK_AT_FILES", default=False):
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
