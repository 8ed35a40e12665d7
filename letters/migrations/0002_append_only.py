"""Published texts and the audit trail are append-only, in the database itself.

A later migration that makes SQLite rebuild one of these tables has to make its trigger
again; a test notices when it did not.
"""

from django.db import migrations

FROZEN = {
    "letters_letterversion": "letter_id, number, title, text, sha256, published_on",
    "letters_demand": "version_id, number, lead, text",
    "letters_auditentry": "verb, actor_id, target, reason, number, recorded_on",
}


def freeze(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE OR REPLACE FUNCTION letters_refuse_change() RETURNS trigger "
            "LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$",
            params=(),
        )
    for table, columns in FROZEN.items():
        schema_editor.execute(trigger(schema_editor.connection.vendor, table, columns))


def trigger(vendor, table, columns):
    head = f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OF {columns} ON {table} "
    if vendor == "postgresql":
        return head + "FOR EACH ROW EXECUTE FUNCTION letters_refuse_change()"
    return head + f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"


def thaw(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table in FROZEN:
        on = f" ON {table}" if is_postgresql else ""
        schema_editor.execute(f"DROP TRIGGER {table}_is_append_only{on}")
    if is_postgresql:
        schema_editor.execute("DROP FUNCTION letters_refuse_change()")


class Migration(migrations.Migration):
    dependencies = [("letters", "0001_initial")]

    operations = [migrations.RunPython(freeze, thaw)]
