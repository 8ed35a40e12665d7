"""Signatures under internal letters were given to colleagues."""

from django.db import migrations


def remember(apps, schema_editor):
    signatures = apps.get_model("signatories", "Signature").objects
    signatures.filter(letter__visibility="internal").update(is_for_colleagues=True)


class Migration(migrations.Migration):
    dependencies = [("signatories", "0015_counted")]

    operations = [migrations.RunPython(remember, migrations.RunPython.noop)]
