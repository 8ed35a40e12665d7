"""What beat has the workers do again and again, and after how many seconds."""

TASKS = {
    "sweep unsent codes": {"task": "signatories.tasks.sweep_codes", "schedule": 20},
    "sweep checks": {"task": "signatories.tasks.sweep_checks", "schedule": 20},
    "publish batches": {"task": "signatories.tasks.publish_batches", "schedule": 20},
    "refresh counts": {"task": "signatories.tasks.refresh_counts", "schedule": 20},
    "publish planned": {"task": "signatories.tasks.publish_planned", "schedule": 20},
    "open letters": {"task": "signatories.tasks.open_letters", "schedule": 60},
    "end letters": {"task": "signatories.tasks.end_letters", "schedule": 60},
    "sweep mail to teams": {"task": "letters.tasks.sweep_mail", "schedule": 20},
    "notice what happened": {"task": "signatories.tasks.notice_what_happened", "schedule": 600},
    "erase expired": {"task": "signatories.tasks.erase_expired", "schedule": 600},
    "sweep imports": {"task": "signatories.tasks.sweep_imports", "schedule": 20},
    "turn keys": {"task": "signatories.tasks.turn_keys", "schedule": 600},
    "sweep decisions about many": {"task": "signatories.tasks.sweep_bulk", "schedule": 20},
    "sweep mailings": {"task": "signatories.tasks.sweep_mailings", "schedule": 20},
    "sweep reminders": {"task": "signatories.tasks.sweep_reminders", "schedule": 60},
    "read returned mail": {"task": "signatories.tasks.read_returned_mail", "schedule": 60},
}
