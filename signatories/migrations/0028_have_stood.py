from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('signatories', '0027_prominence'),
    ]

    operations = [
        migrations.AddField(
            model_name='signature',
            name='has_stood',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.CheckConstraint(condition=models.Q(('has_stood', False), models.Q(('confirmed_on__isnull', False), ('published_on__isnull', True)), _connector='OR'), name='only_lines_that_left_have_stood_before'),
        ),
    ]
