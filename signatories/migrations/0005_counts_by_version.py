"""Tallies count lines by the version of the text."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('signatories', '0004_changes_of_signatures'),
    ]

    operations = [
        migrations.AddField(
            model_name='tally',
            name='anonymous_by_version',
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name='tally',
            name='named_by_version',
            field=models.JSONField(db_default={}, default=dict),
        ),
    ]
