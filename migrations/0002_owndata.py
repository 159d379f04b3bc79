from tortoise import migrations
from tortoise.migrations import operations as ops
from accounts.own_data_models import ClosureState, DocumentKind
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AccountClosure',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('consumer', fields.CharField(max_length=24)),
                ('state', fields.CharEnumField(description='COOLING: cooling\nREVOKED: revoked\nERASING: erasing\nERASED: erased', enum_type=ClosureState, max_length=8)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('identity', fields.CharField(null=True, max_length=64)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'account_closure', 'app': 'longchuan', 'constraints': [UniqueConstraint(fields=('consumer',), name='account_closure_one', condition="state IN ('cooling', 'erasing')"), CheckConstraint(check="(state = 'erasing') = (identity IS NOT NULL) AND (state IN ('revoked', 'erased')) = (ended_at IS NOT NULL)", name='account_closure_state')], 'indexes': [Index(fields=['consumer', 'id'], name='account_closure_consumer')], 'pk_attr': 'id', 'table_description': 'A consumer wants the account closed.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ConsumerConsent',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('consumer', fields.CharField(max_length=24)),
                ('kind', fields.CharEnumField(description='PRIVACY_POLICY: privacy_policy\nUSER_AGREEMENT: user_agreement\nMARKETING: marketing\nPERSONALISATION: personalisation', enum_type=DocumentKind, max_length=16)),
                ('version', fields.IntField()),
                ('given', fields.BooleanField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'consumer_consent', 'app': 'longchuan', 'indexes': [Index(fields=['consumer', 'kind', 'id'], name='consumer_consent_newest')], 'pk_attr': 'id', 'table_description': 'A consumer agreed to a version, or took it back. Rows are only ever added; the newest of a kind holds.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DataExport',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('consumer', fields.CharField(max_length=24)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('fetched', fields.SmallIntField(default=0)),
            ],
            options={'table': 'data_export', 'app': 'longchuan', 'indexes': [Index(fields=['consumer', 'asked_at'], name='data_export_consumer')], 'pk_attr': 'id', 'table_description': 'The right to fetch the own data for a while. It holds none: they are read when it is fetched.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='LegalDocument',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='PRIVACY_POLICY: privacy_policy\nUSER_AGREEMENT: user_agreement\nMARKETING: marketing\nPERSONALISATION: personalisation', enum_type=DocumentKind, max_length=16)),
                ('version', fields.IntField()),
                ('title', fields.CharField(max_length=80)),
                ('text', fields.TextField(unique=False)),
                ('effective_from', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('announced_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('announced_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'legal_document', 'app': 'longchuan', 'unique_together': (('kind', 'version'),), 'constraints': [CheckConstraint(check="version = 1 OR effective_from >= announced_at + interval '168 hours'", name='legal_document_announced')], 'pk_attr': 'id', 'table_description': 'One version of a text. Rows are only ever added (``guards.sql``).'},
            bases=['Model'],
        ),
    ]
