"""Owners are told of mass rejections, and nothing is lost from the audit trail any more.

Until now the trail could not be rewritten, but its entries could be deleted, replaced, or cut off
from their letter. What remains possible is what deleting a letter that never appeared needs: the
entries then belong to no letter.
"""

from django.db import migrations, models

TABLE = "letters_auditentry"
CONTENT = ("id", "verb", "actor_id", "target", "reason", "number", "recorded_on")
IS_DRAFT = "(SELECT status FROM letters_letter WHERE id = OLD.letter_id) = 'draft'"
REFUSE = f"SELECT RAISE(ABORT, '{TABLE} is append-only');"


def loses_its_draft(same):
    """Whether an UPDATE does nothing but take away a letter that never appeared."""
    unchanged = " AND ".join(f"NEW.{column} {same} OLD.{column}" for column in CONTENT)
    return f"NEW.letter_id IS NULL AND {unchanged} AND COALESCE({IS_DRAFT}, false)"


ON_SQLITE = [
    f"DROP TRIGGER IF EXISTS {TABLE}_is_append_only",
    f"CREATE TRIGGER {TABLE}_is_append_only BEFORE UPDATE ON {TABLE} "
    f"WHEN NOT ({loses_its_draft('IS')}) BEGIN {REFUSE} END",
    f"CREATE TRIGGER {TABLE}_is_never_deleted BEFORE DELETE ON {TABLE} BEGIN {REFUSE} END",
    # REPLACE deletes without asking the trigger for deletions.
    f"CREATE TRIGGER {TABLE}_is_never_replaced BEFORE INSERT ON {TABLE} "
    f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) BEGIN {REFUSE} END",
]
ON_POSTGRESQL = [
    f"DROP TRIGGER IF EXISTS {TABLE}_is_append_only ON {TABLE}",
    "CREATE FUNCTION letters_keep_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF {loses_its_draft('IS NOT DISTINCT FROM')} THEN RETURN NEW; END IF; "
    f"RAISE EXCEPTION '{TABLE} is append-only' USING ERRCODE = 'integrity_constraint_violation'; "
    "END $$",
    f"CREATE TRIGGER {TABLE}_is_append_only BEFORE UPDATE ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION letters_keep_audit_entry()",
    f"CREATE TRIGGER {TABLE}_is_never_deleted BEFORE DELETE ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION letters_refuse_change()",
    f"CREATE TRIGGER {TABLE}_is_never_emptied BEFORE TRUNCATE ON {TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION letters_refuse_change()",
]
COLUMNS = "verb, actor_id, target, reason, number, recorded_on"
BACK_ON_SQLITE = [
    *(
        f"DROP TRIGGER {TABLE}_is_{what}"
        for what in ("append_only", "never_deleted", "never_replaced")
    ),
    f"CREATE TRIGGER {TABLE}_is_append_only BEFORE UPDATE OF {COLUMNS} ON {TABLE} "
    f"BEGIN {REFUSE} END",
]
BACK_ON_POSTGRESQL = [
    *(
        f"DROP TRIGGER {TABLE}_is_{what} ON {TABLE}"
        for what in ("append_only", "never_deleted", "never_emptied")
    ),
    "DROP FUNCTION letters_keep_audit_entry()",
    f"CREATE TRIGGER {TABLE}_is_append_only BEFORE UPDATE OF {COLUMNS} ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION letters_refuse_change()",
]


def keep(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in ON_POSTGRESQL if is_postgresql else ON_SQLITE:
        schema_editor.execute(statement, params=None)


def let_go(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in BACK_ON_POSTGRESQL if is_postgresql else BACK_ON_SQLITE:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('letters', '0020_roll_for_people'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='noticechoice',
            name='noticechoice_kind_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='occasion',
            name='occasion_kind_is_known',
        ),
        migrations.AlterField(
            model_name='noticechoice',
            name='kind',
            field=models.CharField(choices=[('waiting', 'entries wait for a moderator'), ('surge', 'many more people than usual sign by name'), ('rejection', 'somebody rejects very many entries'), ('pressure', 'so many forms arrive that browsers are asked for a check'), ('goal', 'a quarter, half, three quarters or all of the goal is reached'), ('submitted', 'somebody of the team submits the letter to the host'), ('returned', 'the host gives the letter back to the team'), ('approved', 'the host lets the letter appear'), ('digest', 'once a day how many have signed, if the number changed'), ('approval', 'a letter waits for your approval')], max_length=9),
        ),
        migrations.AlterField(
            model_name='occasion',
            name='kind',
            field=models.CharField(choices=[('waiting', 'entries wait for a moderator'), ('surge', 'many more people than usual sign by name'), ('rejection', 'somebody rejects very many entries'), ('pressure', 'so many forms arrive that browsers are asked for a check'), ('goal', 'a quarter, half, three quarters or all of the goal is reached'), ('submitted', 'somebody of the team submits the letter to the host'), ('returned', 'the host gives the letter back to the team'), ('approved', 'the host lets the letter appear'), ('digest', 'once a day how many have signed, if the number changed'), ('approval', 'a letter waits for your approval')], max_length=9),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['target', '-id'], name='audit_of_target'),
        ),
        migrations.AddConstraint(
            model_name='noticechoice',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['waiting', 'surge', 'rejection', 'pressure', 'goal', 'submitted', 'returned', 'approved', 'digest', 'approval'])), name='noticechoice_kind_is_known', violation_error_message='Choose one of the values offered.'),
        ),
        migrations.AddConstraint(
            model_name='occasion',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['waiting', 'surge', 'rejection', 'pressure', 'goal', 'submitted', 'returned', 'approved', 'digest', 'approval'])), name='occasion_kind_is_known', violation_error_message='Choose one of the values offered.'),
        ),
        migrations.RunPython(keep, let_go),
    ]
