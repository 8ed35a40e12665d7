"""Sealing rejects what nobody has decided."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('signatories', '0005_counts_by_version'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='departure',
            name='departure_reason_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='signature',
            name='signature_reason_is_known',
        ),
        migrations.AlterField(
            model_name='departure',
            name='reason',
            field=models.CharField(blank=True, choices=[('not_a_person', "not a real person's name"), ('impersonation', 'signs for somebody else'), ('abuse', 'abuse or advertising'), ('false_claim', 'claims an affiliation that is not theirs'), ('repeated', 'the same person has signed already'), ('other', 'another reason'), ('sealed', 'not decided before the letter was sealed')], max_length=20),
        ),
        migrations.AlterField(
            model_name='signature',
            name='reason',
            field=models.CharField(blank=True, choices=[('not_a_person', "not a real person's name"), ('impersonation', 'signs for somebody else'), ('abuse', 'abuse or advertising'), ('false_claim', 'claims an affiliation that is not theirs'), ('repeated', 'the same person has signed already'), ('other', 'another reason'), ('sealed', 'not decided before the letter was sealed')], max_length=20, verbose_name='reason'),
        ),
        migrations.AddConstraint(
            model_name='departure',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), ('reason__in', ['not_a_person', 'impersonation', 'abuse', 'false_claim', 'repeated', 'other', 'sealed']), _connector='OR'), name='departure_reason_is_known'),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), ('reason__in', ['not_a_person', 'impersonation', 'abuse', 'false_claim', 'repeated', 'other', 'sealed']), _connector='OR'), name='signature_reason_is_known'),
        ),
    ]
