"""Lines that show their organisation now have shown it."""

from django.db import migrations


def remember(apps, schema_editor):
    lines = apps.get_model("signatories", "Signature").objects.filter(appearance="anonymous")
    lines.filter(shown_organisation__isnull=False).update(has_been_shown=True)


class Migration(migrations.Migration):
    dependencies = [("signatories", "0013_groups")]

    operations = [migrations.RunPython(remember, migrations.RunPython.noop)]
