"""A proof of a mailbox may also free an address or subscribe it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('letters', '0003_roll_in_search'),
        ('signatories', '0001_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='verification',
            name='verification_purpose_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='verification',
            name='verifications_to_sign_have_a_signature',
        ),
        migrations.AddField(
            model_name='verification',
            name='entry_digest',
            field=models.CharField(blank=True, db_default='', max_length=64),
        ),
        migrations.AddField(
            model_name='verification',
            name='letter',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='letters.letter'),
        ),
        migrations.AlterField(
            model_name='verification',
            name='purpose',
            field=models.CharField(choices=[('sign', 'confirm a signature'), ('find', 'find a signature again'), ('free', 'withdraw an anonymous signature and free its address'), ('updates', 'receive the updates of a letter')], max_length=7),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(('purpose__in', ['sign', 'find', 'free', 'updates'])), name='verification_purpose_is_known', violation_error_message='Choose one of the values offered.'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('purpose', 'sign'), ('signature__isnull', False)), models.Q(models.Q(('purpose', 'sign'), _negated=True), ('signature__isnull', True)), _connector='OR'), name='verifications_to_sign_have_a_signature'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('letter__isnull', True), ('purpose__in', ['sign', 'find'])), models.Q(('letter__isnull', False), ('purpose__in', ['free', 'updates'])), _connector='OR'), name='verifications_to_free_or_subscribe_have_a_letter'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('purpose', 'free'), models.Q(('entry_digest', ''), _negated=True)), models.Q(models.Q(('purpose', 'free'), _negated=True), ('entry_digest', '')), _connector='OR'), name='only_verifications_to_free_lead_to_an_entry'),
        ),
    ]
