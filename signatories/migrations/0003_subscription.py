"""Subscriptions to the updates of a letter."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('letters', '0003_roll_in_search'),
        ('signatories', '0002_proofs_beyond_signing'),
    ]

    operations = [
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('address', models.BinaryField()),
                ('digest', models.CharField(max_length=64)),
                ('token_digest', models.CharField(max_length=64, unique=True)),
            ],
            options={
                'verbose_name': 'subscription',
                'verbose_name_plural': 'subscriptions',
            },
        ),
        migrations.AddField(
            model_name='subscription',
            name='letter',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='letters.letter'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(fields=('letter', 'digest'), name='one_subscription_per_mailbox'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('digest', ''), _negated=True), models.Q(('token_digest', ''), _negated=True)), name='subscriptions_have_digests'),
        ),
    ]
