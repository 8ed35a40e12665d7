"""What signatories change about their own signatures."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('letters', '0003_roll_in_search'),
        ('signatories', '0003_subscription'),
    ]

    operations = [
        migrations.AddField(
            model_name='signature',
            name='carried_to',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='letters.letterversion'),
        ),
        migrations.AddField(
            model_name='signature',
            name='is_hidden_from_search',
            field=models.BooleanField(db_default=False, default=False, verbose_name='kept out of search engines'),
        ),
        migrations.AddField(
            model_name='signature',
            name='replaces',
            field=models.CharField(blank=True, max_length=64, null=True),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.CheckConstraint(condition=models.Q(('replaces__isnull', True), models.Q(('appearance', 'named'), models.Q(('state', 'published'), _negated=True)), _connector='OR'), name='only_waiting_names_replace_an_anonymous_line'),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.CheckConstraint(condition=models.Q(('carried_to__isnull', True), ('appearance', 'anonymous'), _connector='OR'), name='only_anonymous_signatures_are_carried_over_by_batch'),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.CheckConstraint(condition=models.Q(('is_hidden_from_search', False), models.Q(('appearance', 'anonymous'), _negated=True), _connector='OR'), name='only_names_are_kept_out_of_search_engines'),
        ),
    ]
