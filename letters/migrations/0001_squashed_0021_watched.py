"""Everything up to 0021 in one step, for a new database.

An existing one goes on step by step. What the database itself refuses is written in the steps that
brought it.
"""

import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
from importlib import import_module

from django.conf import settings
from django.db import migrations, models

append_only = import_module("letters.migrations.0002_append_only")
watched = import_module("letters.migrations.0021_watched")


class Migration(migrations.Migration):

    replaces = [('letters', '0001_initial'), ('letters', '0002_append_only'), ('letters', '0003_roll_in_search'), ('letters', '0004_reach'), ('letters', '0005_eligibility'), ('letters', '0006_unverified_anonymous'), ('letters', '0007_vouching'), ('letters', '0008_allows_login'), ('letters', '0009_directory'), ('letters', '0010_going_public'), ('letters', '0011_accounts'), ('letters', '0012_workspace'), ('letters', '0013_taken_down'), ('letters', '0014_updates'), ('letters', '0015_notices'), ('letters', '0016_scheduling'), ('letters', '0017_audit_trail'), ('letters', '0018_listed_words'), ('letters', '0019_pausing'), ('letters', '0020_roll_for_people'), ('letters', '0021_watched')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('sessions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Letter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=80, unique=True, verbose_name='address')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('summary', models.CharField(blank=True, max_length=300, verbose_name='summary')),
                ('addressed_to', models.CharField(blank=True, max_length=200, verbose_name='addressed to')),
                ('organiser_line', models.CharField(blank=True, help_text='May stay empty.', max_length=200, verbose_name='organiser line')),
                ('language', models.CharField(default='en', max_length=10, verbose_name='language')),
                ('status', models.CharField(choices=[('draft', 'draft'), ('published', 'published'), ('closed', 'closed'), ('sealed', 'sealed')], default='draft', max_length=10, verbose_name='status')),
                ('visibility', models.CharField(choices=[('public', 'public: listed, for everybody'), ('unlisted', 'unlisted: for everybody who has the link'), ('internal', 'internal: for members of its organisations')], default='public', max_length=10, verbose_name='visibility')),
                ('eligibility', models.CharField(choices=[('anybody', 'anybody'), ('organisations', 'people of its organisations')], db_default='anybody', default='anybody', max_length=13, verbose_name='who may sign')),
                ('public_on', models.DateField(blank=True, help_text='Asked of the signatories of an internal letter, each of whom decides again.', null=True, verbose_name='becomes public on')),
                ('taken_down_on', models.DateField(blank=True, null=True, verbose_name='taken down on')),
                ('submitted_on', models.DateField(blank=True, null=True, verbose_name='submitted to the host on')),
                ('host_note', models.CharField(blank=True, db_default='', max_length=500, verbose_name='note of the host')),
                ('was_internal', models.BooleanField(db_default=False, default=False, verbose_name='was internal at first')),
                ('reach', models.CharField(choices=[('only', 'members of these organisations'), ('below', 'and of their subsidiaries'), ('family', 'and of their subsidiaries and parents')], db_default='only', default='only', max_length=6, verbose_name='reach')),
                ('review_policy', models.CharField(choices=[('before', 'a moderator reads each entry before it is published'), ('after', 'entries are published once a check finds nothing, and read afterwards')], default='before', max_length=10, verbose_name='review policy')),
                ('allows_named', models.BooleanField(default=True, verbose_name='allows signing by name')),
                ('allows_anonymous', models.BooleanField(default=True, verbose_name='allows signing anonymously')),
                ('allows_pledged', models.BooleanField(default=False, verbose_name='allows pledges')),
                ('accepts_unverified', models.BooleanField(default=True, verbose_name='accepts unverified affiliations')),
                ('allows_unverified_anonymous', models.BooleanField(db_default=False, default=False, verbose_name='allows “Anonymous, not verified”')),
                ('allows_vouching', models.BooleanField(db_default=False, default=False, verbose_name='lets signatories vouch for colleagues')),
                ('allows_login', models.BooleanField(db_default=True, default=True, help_text='For people who sign by name, where the host has set up a provider.', verbose_name='allows proof by work login')),
                ('minimum_group_size', models.PositiveSmallIntegerField(default=5, verbose_name='minimum group size')),
                ('roll_in_search', models.BooleanField(db_default=True, default=True, verbose_name='search engines may list the roll')),
                ('roll_for_people', models.BooleanField(db_default=False, default=False, verbose_name='keeps the roll for people to read')),
                ('pledge_thresholds', models.JSONField(blank=True, default=list, verbose_name='pledge thresholds')),
                ('goal', models.PositiveIntegerField(blank=True, null=True, verbose_name='goal')),
                ('opens_at', models.DateTimeField(blank=True, null=True, verbose_name='opens at')),
                ('closes_at', models.DateTimeField(blank=True, null=True, verbose_name='closes at')),
                ('published_on', models.DateField(blank=True, null=True, verbose_name='published on')),
                ('closed_on', models.DateField(blank=True, null=True, verbose_name='closed on')),
                ('sealed_on', models.DateField(blank=True, null=True, verbose_name='sealed on')),
                ('signing_paused_on', models.DateField(blank=True, null=True, verbose_name='signing paused on')),
                ('asks_for_check', models.BooleanField(db_default=False, default=False, verbose_name='always asks browsers for the check')),
            ],
            options={
                'verbose_name': 'letter',
                'verbose_name_plural': 'letters',
                'ordering': ['-published_on', 'slug'],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'published', 'closed', 'sealed'])), name='letter_status_is_known', violation_error_message='Choose one of the values offered.'), models.CheckConstraint(condition=models.Q(('visibility__in', ['public', 'unlisted', 'internal'])), name='letter_visibility_is_known', violation_error_message='Choose one of the values offered.'), models.CheckConstraint(condition=models.Q(('eligibility__in', ['anybody', 'organisations'])), name='letter_eligibility_is_known', violation_error_message='Choose one of the values offered.'), models.CheckConstraint(condition=models.Q(('reach__in', ['only', 'below', 'family'])), name='letter_reach_is_known', violation_error_message='Choose one of the values offered.'), models.CheckConstraint(condition=models.Q(('review_policy__in', ['before', 'after'])), name='letter_review_policy_is_known', violation_error_message='Choose one of the values offered.'), models.CheckConstraint(condition=models.Q(('allows_named', True), ('allows_anonymous', True), ('allows_pledged', True), _connector='OR'), name='letters_can_be_signed_somehow', violation_error_message='Allow at least one way to appear.'), models.CheckConstraint(condition=models.Q(('taken_down_on__isnull', True), models.Q(('status', 'draft'), _negated=True), _connector='OR'), name='only_letters_that_appeared_are_taken_down'), models.CheckConstraint(condition=models.Q(('signing_paused_on__isnull', True), models.Q(('status', 'draft'), _negated=True), _connector='OR'), name='drafts_are_not_paused'), models.CheckConstraint(condition=models.Q(('submitted_on__isnull', True), ('status', 'draft'), _connector='OR'), name='only_drafts_wait_for_the_host'), models.CheckConstraint(condition=models.Q(('public_on__isnull', True), models.Q(('status__in', ['published', 'closed']), ('visibility', 'internal')), _connector='OR'), name='only_internal_letters_become_public', violation_error_message='Only a published internal letter can become public.'), models.CheckConstraint(condition=models.Q(('minimum_group_size__gte', 3)), name='letters_protect_small_groups', violation_error_message='A group of fewer than three protects nobody.'), models.CheckConstraint(condition=models.Q(('closes_at__isnull', True), ('opens_at__isnull', True), ('closes_at__gt', models.F('opens_at')), _connector='OR'), name='letters_close_after_they_open', violation_error_message='The letter closes before it opens.'), models.CheckConstraint(condition=models.Q(models.Q(('closed_on__isnull', True), ('status__in', ['draft', 'published'])), models.Q(('closed_on__isnull', False), ('status__in', ['closed', 'sealed'])), _connector='OR'), name='letters_closed_on_agrees_with_status'), models.CheckConstraint(condition=models.Q(models.Q(('sealed_on__isnull', False), ('status', 'sealed')), models.Q(models.Q(('status', 'sealed'), _negated=True), ('sealed_on__isnull', True)), _connector='OR'), name='letters_sealed_on_agrees_with_status')],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('is_demonstration', models.BooleanField(default=False, editable=False, verbose_name='demonstration')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('email', '')), name='accounts_have_no_address_in_clear', violation_error_message='Leave the mail address empty.')],
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='AccountMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('retry_at', models.DateTimeField(blank=True, null=True)),
                ('claimed_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('address', models.BinaryField()),
                ('code_digest', models.CharField(blank=True, max_length=64)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('erase_after', models.DateTimeField(blank=True, null=True)),
                ('confirmed_on', models.DateField(blank=True, null=True)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='account_mail', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('confirmed_on__isnull', True), ('erase_after__isnull', False)), models.Q(('code_digest', ''), ('confirmed_on__isnull', False), ('due_at__isnull', True), ('erase_after__isnull', True), ('sent_at__isnull', True)), _connector='OR'), name='account_mail_is_confirmed_or_goes'), models.CheckConstraint(condition=models.Q(('sent_at__isnull', True), models.Q(('code_digest', ''), _negated=True), _connector='OR'), name='account_codes_sent_have_a_digest')],
            },
        ),
        migrations.CreateModel(
            name='AccountSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('browser', models.CharField(blank=True, max_length=40, verbose_name='browser')),
                ('began_on', models.DateField(verbose_name='began on')),
                ('session', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sessions.session')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='account_sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'session of an account',
                'verbose_name_plural': 'sessions of accounts',
                'ordering': ['-began_on', 'browser', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True, verbose_name='digest')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'ordering': ['expires_at'],
            },
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(blank=True, max_length=500, verbose_name='title')),
                ('text', models.TextField(blank=True, max_length=60000, verbose_name='text')),
                ('demands', models.TextField(blank=True, max_length=60000, verbose_name='demands')),
                ('revision', models.PositiveIntegerField(default=0)),
                ('saved_at', models.DateTimeField(verbose_name='saved at')),
                ('publish_at', models.DateTimeField(blank=True, null=True, verbose_name='appears at')),
                ('planned_revision', models.PositiveIntegerField(blank=True, null=True)),
                ('held_back', models.CharField(blank=True, choices=[('', 'it was not held back'), ('saved', 'The text was saved again, so the chosen time was dropped.'), ('overtaken', 'Another version was published first, so the time was dropped.'), ('unapproved', 'The host had not decided by the chosen time.'), ('incomplete', 'Something needed was missing when the chosen time came.'), ('not_owner', 'Whoever chose the time was no owner any more when it came.'), ('no_factor', 'Whoever chose the time had no second factor when it came.'), ('sealed', 'The letter was sealed before the chosen time.')], db_default='', default='', max_length=10, verbose_name='held back')),
                ('planned_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('saved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('letter', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='draft', to='letters.letter')),
            ],
            options={
                'verbose_name': 'draft',
                'verbose_name_plural': 'drafts',
                'constraints': [models.CheckConstraint(condition=models.Q(('held_back__in', ['', 'saved', 'overtaken', 'unapproved', 'incomplete', 'not_owner', 'no_factor', 'sealed'])), name='draft_held_back_is_known', violation_error_message='Choose one of the values offered.'), models.CheckConstraint(condition=models.Q(models.Q(('planned_by__isnull', True), ('planned_revision__isnull', True), ('publish_at__isnull', True)), models.Q(('planned_by__isnull', False), ('planned_revision', models.F('revision')), ('planned_revision__isnull', False), ('publish_at__isnull', False)), _connector='OR'), name='drafts_appear_as_they_were_read_or_not_by_themselves', violation_error_message='A chosen time is for one revision of the draft.'), models.CheckConstraint(condition=models.Q(('publish_at__isnull', True), ('held_back', ''), _connector='OR'), name='drafts_are_planned_or_held_back')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verb', models.CharField(max_length=60, verbose_name='verb')),
                ('target', models.CharField(blank=True, max_length=80, verbose_name='target')),
                ('reason', models.CharField(blank=True, max_length=40, verbose_name='reason')),
                ('number', models.PositiveIntegerField(default=1, verbose_name='number')),
                ('recorded_on', models.DateField(verbose_name='recorded on')),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('letter', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='audit_entries', to='letters.letter')),
            ],
            options={
                'verbose_name': 'audit entry',
                'verbose_name_plural': 'audit entries',
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['letter', 'verb'], name='audit_of_letter'), models.Index(fields=['letter', '-recorded_on', '-id'], name='audit_trail'), models.Index(fields=['letter', 'actor', '-recorded_on', '-id'], name='audit_trail_of_person'), models.Index(fields=['target', '-id'], name='audit_of_target')],
                'constraints': [models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='audit_entries_count_something')],
            },
        ),
        migrations.CreateModel(
            name='LetterVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('text', models.TextField(help_text='Markdown', verbose_name='text')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('published_on', models.DateField(verbose_name='published on')),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='letters.letter')),
            ],
            options={
                'verbose_name': 'version',
                'verbose_name_plural': 'versions',
                'ordering': ['letter', 'number'],
                'constraints': [models.UniqueConstraint(fields=('letter', 'number'), name='versions_are_numbered_once_per_letter'), models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='versions_have_a_sha256'), models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='versions_count_from_one')],
            },
        ),
        migrations.AddField(
            model_name='letter',
            name='current_version',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='letters.letterversion'),
        ),
        migrations.CreateModel(
            name='Demand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='number')),
                ('lead', models.CharField(blank=True, max_length=100, verbose_name='lead')),
                ('text', models.CharField(max_length=500, verbose_name='text')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='demands', to='letters.letterversion')),
            ],
            options={
                'verbose_name': 'demand',
                'verbose_name_plural': 'demands',
                'ordering': ['version', 'number'],
                'constraints': [models.UniqueConstraint(fields=('version', 'number'), name='demands_are_numbered_once_per_version'), models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='demands_say_something')],
            },
        ),
        migrations.CreateModel(
            name='ListedWord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('list', models.CharField(choices=[('well_known', 'well-known people'), ('jokes', 'jokes'), ('abuse', 'abuse')], max_length=10, verbose_name='list')),
                ('text', models.CharField(max_length=120, verbose_name='text')),
                ('key', models.CharField(editable=False, max_length=200, verbose_name='key')),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='listed_words', to='letters.letter')),
            ],
            options={
                'verbose_name': 'listed word',
                'verbose_name_plural': 'listed words',
                'ordering': ['letter', 'list', 'key'],
                'constraints': [models.CheckConstraint(condition=models.Q(('list__in', ['well_known', 'jokes', 'abuse'])), name='listedword_list_is_known', violation_error_message='Choose one of the values offered.'), models.CheckConstraint(condition=models.Q(('key', ''), _negated=True), name='listed_words_have_letters'), models.UniqueConstraint(fields=('letter', 'list', 'key'), name='words_stand_on_a_list_once')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'owner'), ('editor', 'editor'), ('moderator', 'moderator'), ('press', 'press: reads along')], max_length=12, verbose_name='role')),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='letters.letter')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'membership',
                'verbose_name_plural': 'memberships',
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'editor', 'moderator', 'press'])), name='membership_role_is_known', violation_error_message='Choose one of the values offered.'), models.UniqueConstraint(fields=('letter', 'user'), name='one_membership_per_letter_and_user', violation_error_message='This person is a member of the letter already.')],
            },
        ),
        migrations.CreateModel(
            name='NoticeChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('waiting', 'entries wait for a moderator'), ('surge', 'many more people than usual sign by name'), ('rejection', 'somebody rejects very many entries'), ('pressure', 'so many forms arrive that browsers are asked for a check'), ('goal', 'a quarter, half, three quarters or all of the goal is reached'), ('submitted', 'somebody of the team submits the letter to the host'), ('returned', 'the host gives the letter back to the team'), ('approved', 'the host lets the letter appear'), ('digest', 'once a day how many have signed, if the number changed'), ('approval', 'a letter waits for your approval')], max_length=9)),
                ('is_on', models.BooleanField()),
                ('token_digest', models.CharField(max_length=64, unique=True)),
                ('letter', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notice_choices', to='letters.letter')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notice_choices', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['waiting', 'surge', 'rejection', 'pressure', 'goal', 'submitted', 'returned', 'approved', 'digest', 'approval'])), name='noticechoice_kind_is_known', violation_error_message='Choose one of the values offered.'), models.UniqueConstraint(fields=('user', 'letter', 'kind'), name='people_choose_once_for_a_letter'), models.UniqueConstraint(condition=models.Q(('letter__isnull', True)), fields=('user', 'kind'), name='hosts_choose_once'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'approval'), ('letter__isnull', True)), models.Q(models.Q(('kind', 'approval'), _negated=True), ('letter__isnull', False)), _connector='OR'), name='choices_are_about_a_letter_but_for_hosts'), models.CheckConstraint(condition=models.Q(('token_digest', ''), _negated=True), name='choices_have_a_digest')],
            },
        ),
        migrations.CreateModel(
            name='Occasion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('waiting', 'entries wait for a moderator'), ('surge', 'many more people than usual sign by name'), ('rejection', 'somebody rejects very many entries'), ('pressure', 'so many forms arrive that browsers are asked for a check'), ('goal', 'a quarter, half, three quarters or all of the goal is reached'), ('submitted', 'somebody of the team submits the letter to the host'), ('returned', 'the host gives the letter back to the team'), ('approved', 'the host lets the letter appear'), ('digest', 'once a day how many have signed, if the number changed'), ('approval', 'a letter waits for your approval')], max_length=9)),
                ('day', models.DateField()),
                ('step', models.PositiveBigIntegerField(default=0)),
                ('figures', models.JSONField(blank=True, default=dict)),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='occasions', to='letters.letter')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['waiting', 'surge', 'rejection', 'pressure', 'goal', 'submitted', 'returned', 'approved', 'digest', 'approval'])), name='occasion_kind_is_known', violation_error_message='Choose one of the values offered.'), models.UniqueConstraint(fields=('letter', 'kind', 'day', 'step'), name='an_occasion_is_noted_once'), models.UniqueConstraint(condition=models.Q(('kind', 'goal')), fields=('letter', 'step'), name='a_step_to_a_goal_is_noted_once')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('retry_at', models.DateTimeField(blank=True, null=True)),
                ('claimed_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('seen_on', models.DateField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL)),
                ('occasion', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='letters.occasion')),
            ],
            options={
                'indexes': [models.Index(fields=['due_at'], name='notice_outbox')],
                'constraints': [models.UniqueConstraint(fields=('user', 'occasion'), name='one_notice_of_an_occasion'), models.CheckConstraint(condition=models.Q(('due_at__isnull', True), ('sent_at__isnull', True), _connector='OR'), name='notices_are_due_or_sent')],
            },
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, unique=True, verbose_name='name')),
                ('slug', models.SlugField(max_length=80, unique=True, verbose_name='slug')),
                ('headcount_band', models.CharField(blank=True, choices=[('', 'not known'), ('1-49', '1 to 49'), ('50-249', '50 to 249'), ('250-999', '250 to 999'), ('1000-9999', '1,000 to 9,999'), ('10000+', '10,000 or more')], default='', max_length=10, verbose_name='headcount')),
                ('is_demonstration', models.BooleanField(default=False, verbose_name='invented')),
                ('withdrawn_on', models.DateField(blank=True, editable=False, null=True, verbose_name='withdrawn on')),
                ('merged_into', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='letters.organisation')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='letters.organisation')),
            ],
            options={
                'verbose_name': 'organisation',
                'verbose_name_plural': 'organisations',
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('headcount_band__in', ['', '1-49', '50-249', '250-999', '1000-9999', '10000+'])), name='organisation_headcount_band_is_known', violation_error_message='Choose one of the values offered.'), models.CheckConstraint(condition=models.Q(('parent__isnull', True), models.Q(('parent', models.F('pk')), _negated=True), _connector='OR'), name='organisations_are_not_their_own_parent', violation_error_message='An organisation cannot belong to itself.'), models.CheckConstraint(condition=models.Q(('merged_into__isnull', True), models.Q(('merged_into', models.F('pk')), _negated=True), _connector='OR'), name='organisations_are_not_merged_into_themselves')],
            },
        ),
        migrations.AddField(
            model_name='letter',
            name='organisations',
            field=models.ManyToManyField(blank=True, help_text='Whose members an internal letter is for.', related_name='letters', to='letters.organisation', verbose_name='organisations'),
        ),
        migrations.CreateModel(
            name='OrganisationAlias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('key', models.CharField(editable=False, max_length=200, unique=True, verbose_name='key')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='letters.organisation')),
            ],
            options={
                'verbose_name': 'spelling',
                'verbose_name_plural': 'spellings',
            },
        ),
        migrations.CreateModel(
            name='OrganisationDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(max_length=253, unique=True, verbose_name='domain')),
                ('mailbox_domain', models.CharField(help_text='The same as the domain, unless both lead to the same mailboxes.', max_length=253, verbose_name='mailbox domain')),
                ('includes_subdomains', models.BooleanField(db_default=False, default=False, verbose_name='with subdomains')),
                ('is_staff_only', models.BooleanField(db_default=True, default=True, help_text='Not where customers, students or alumni have mailboxes: it proves nothing.', verbose_name='staff only')),
                ('catch_all_suspected', models.BooleanField(db_default=False, default=False, verbose_name='takes any address, we suspect')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='letters.organisation')),
            ],
            options={
                'verbose_name': 'mail domain',
                'verbose_name_plural': 'mail domains',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('domain', ''), _negated=True), models.Q(('mailbox_domain', ''), _negated=True)), name='organisation_domains_are_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('key', models.CharField(editable=False, max_length=200, unique=True, verbose_name='key')),
                ('number', models.PositiveIntegerField(default=1, verbose_name='entries')),
                ('state', models.CharField(choices=[('open', 'open'), ('accepted', 'accepted as an organisation'), ('merged', 'another spelling of an organisation'), ('refused', 'refused, stays free text')], default='open', max_length=8, verbose_name='state')),
                ('letters', models.ManyToManyField(related_name='+', to='letters.letter', verbose_name='letters')),
                ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='letters.organisation')),
            ],
            options={
                'verbose_name': 'proposed organisation',
                'verbose_name_plural': 'proposed organisations',
                'ordering': ['-number', 'key'],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['open', 'accepted', 'merged', 'refused'])), name='proposal_state_is_known', violation_error_message='Choose one of the values offered.'), models.CheckConstraint(condition=models.Q(models.Q(('organisation__isnull', False), ('state__in', ['accepted', 'merged'])), models.Q(('organisation__isnull', True), ('state__in', ['open', 'refused'])), _connector='OR'), name='proposals_lead_to_an_organisation_once_taken_up'), models.CheckConstraint(condition=models.Q(('key', ''), _negated=True), name='proposals_have_a_key'), models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='proposals_count_somebody')],
            },
        ),
        migrations.CreateModel(
            name='Recipient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(verbose_name='position')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('role', models.CharField(blank=True, max_length=200, verbose_name='role')),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recipients', to='letters.letter')),
                ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='letters.organisation')),
            ],
            options={
                'verbose_name': 'recipient',
                'verbose_name_plural': 'recipients',
                'ordering': ['letter', 'position'],
                'constraints': [models.UniqueConstraint(fields=('letter', 'position'), name='recipients_have_a_place_each'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='recipients_have_a_name')],
            },
        ),
        migrations.CreateModel(
            name='Recovery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True, verbose_name='digest')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='recovery', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'recovery',
                'verbose_name_plural': 'recoveries',
                'constraints': [models.CheckConstraint(condition=models.Q(('made_by__isnull', True), models.Q(('made_by', models.F('user')), _negated=True), _connector='OR'), name='nobody_recovers_themself', violation_error_message='Somebody else has to give you the link.')],
            },
        ),
        migrations.CreateModel(
            name='Response',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('none', 'No response'), ('declined', 'Declined'), ('partly', 'Partly met'), ('met', 'Met in full')], max_length=10, verbose_name='outcome')),
                ('responded_on', models.DateField(verbose_name='responded on')),
                ('statement', models.TextField(blank=True, verbose_name='statement')),
                ('source', models.URLField(blank=True, max_length=500, verbose_name='source')),
                ('demand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='responses', to='letters.demand')),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='responses', to='letters.recipient')),
            ],
            options={
                'verbose_name': 'response',
                'verbose_name_plural': 'responses',
                'constraints': [models.CheckConstraint(condition=models.Q(('outcome__in', ['none', 'declined', 'partly', 'met'])), name='response_outcome_is_known', violation_error_message='Choose one of the values offered.'), models.UniqueConstraint(fields=('recipient', 'demand'), name='one_response_per_recipient_and_demand', violation_error_message="This recipient's response to the demand is recorded.")],
            },
        ),
        migrations.CreateModel(
            name='SiteSwitch',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('signing_paused_on', models.DateField(blank=True, null=True, verbose_name='signing paused on')),
            ],
            options={
                'verbose_name': 'switch of the site',
                'verbose_name_plural': 'switches of the site',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='the_site_has_one_row_of_switches')],
            },
        ),
        migrations.CreateModel(
            name='TeamInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True, verbose_name='digest')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('role', models.CharField(choices=[('owner', 'owner'), ('editor', 'editor'), ('moderator', 'moderator'), ('press', 'press: reads along')], max_length=12, verbose_name='role')),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='team_invitations', to='letters.letter')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
            ],
            options={
                'verbose_name': 'invitation to a team',
                'verbose_name_plural': 'invitations to teams',
                'ordering': ['expires_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'editor', 'moderator', 'press'])), name='teaminvitation_role_is_known', violation_error_message='Choose one of the values offered.')],
            },
        ),
        migrations.CreateModel(
            name='Update',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('news', 'news'), ('press', 'press')], default='news', max_length=5, verbose_name='kind')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('body', models.TextField(blank=True, verbose_name='text')),
                ('source', models.URLField(blank=True, max_length=500, verbose_name='source')),
                ('published_on', models.DateField(verbose_name='published on')),
                ('revision', models.PositiveIntegerField(db_default=0, default=0)),
                ('edited_on', models.DateField(blank=True, null=True, verbose_name='edited on')),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='updates', to='letters.letter')),
            ],
            options={
                'verbose_name': 'update',
                'verbose_name_plural': 'updates',
                'ordering': ['-published_on', '-pk'],
                'indexes': [models.Index(fields=['letter', '-published_on', '-id'], name='letter_updates')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['news', 'press'])), name='update_kind_is_known', violation_error_message='Choose one of the values offered.'), models.CheckConstraint(condition=models.Q(('title', ''), _negated=True), name='updates_have_a_title'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'press'), _negated=True), models.Q(('source', ''), _negated=True), _connector='OR'), name='press_coverage_has_a_source', violation_error_message='Say where the coverage can be read.'), models.CheckConstraint(condition=models.Q(models.Q(('edited_on__isnull', True), ('revision', 0)), models.Q(('edited_on__isnull', False), ('revision__gt', 0)), _connector='OR'), name='updates_edited_on_agrees_with_revision')],
            },
        ),
        migrations.AddConstraint(
            model_name='letter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('published_on__isnull', True), ('status', 'draft')), models.Q(models.Q(('status', 'draft'), _negated=True), ('current_version__isnull', False), ('published_on__isnull', False)), _connector='OR'), name='letters_out_of_draft_have_a_text_and_a_day', violation_error_message='A published letter has a text and a day.'),
        ),
        migrations.RunPython(append_only.freeze, append_only.thaw),
        migrations.RunPython(watched.keep, watched.let_go),
    ]
