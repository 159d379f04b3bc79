from tortoise import migrations
from tortoise.migrations import operations as ops
from merchants.licences import LicenceKind
from merchants.models import MerchantState, PaperState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ExemptionRule',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('valid_from', fields.DateField(unique=True)),
                ('yearly_limit_fen', fields.BigIntField()),
                ('recheck_days', fields.IntField()),
                ('source_document', fields.CharField(max_length=200)),
                ('entered_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('entered_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'exemption_rule', 'app': 'longchuan', 'constraints': [CheckConstraint(check='yearly_limit_fen > 0 AND recheck_days BETWEEN 1 AND 3660', name='exemption_rule_figures')], 'pk_attr': 'id', 'table_description': 'From a day on: up to what turnover a natural person sells own produce without registration (domain reference 5).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MerchantPaper',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('merchant', fields.ForeignKeyField('longchuan.Merchant', source_field='merchant_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(max_length=24)),
                ('document_number', fields.CharField(max_length=40)),
                ('issuer', fields.CharField(default='', max_length=60)),
                ('subject', fields.CharField(default='', max_length=60)),
                ('valid_from', fields.DateField()),
                ('valid_until', fields.DateField(null=True)),
                ('picture', fields.CharField(null=True, max_length=40)),
                ('state', fields.CharEnumField(default=PaperState.SUBMITTED, description='SUBMITTED: submitted\nACCEPTED: accepted\nREFUSED: refused\nEXPIRED: expired', enum_type=PaperState, max_length=10)),
            ],
            options={'table': 'merchant_paper', 'app': 'longchuan', 'constraints': [CheckConstraint(check='valid_until IS NULL OR valid_until >= valid_from', name='merchant_paper_span'), UniqueConstraint(fields=('merchant_id', 'kind', 'document_number', 'valid_from'), name='merchant_paper_once', condition="state IN ('submitted', 'accepted')")], 'indexes': [Index(fields=['state', 'valid_until', 'id'], name='merchant_paper_by_end')], 'pk_attr': 'id', 'table_description': "One paper of one merchant. But for its state nothing in it changes; ``picture`` is a private picture's number."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PaperReview',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('paper', fields.ForeignKeyField('longchuan.MerchantPaper', source_field='paper_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='SUBMITTED: submitted\nACCEPTED: accepted\nREFUSED: refused\nEXPIRED: expired', enum_type=PaperState, max_length=10)),
                ('reviewed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('reviewed_by', fields.CharField(max_length=120)),
                ('reason', fields.CharField(null=True, max_length=200)),
            ],
            options={'table': 'paper_review', 'app': 'longchuan', 'constraints': [CheckConstraint(check="state <> 'refused' OR reason IS NOT NULL", name='paper_review_reason')], 'pk_attr': 'id', 'table_description': 'One step of a paper: what it came to, when, by whom and why. Rows are only ever added.'},
            bases=['Model'],
        ),
        ops.AlterField(
            model_name='Merchant',
            name='licence_kind',
            field=fields.CharEnumField(description='COMPANY: company\nCOOPERATIVE: cooperative\nINDIVIDUAL: individual\nFAMILY_FARM: family_farm\nNATURAL_PERSON: natural_person', enum_type=LicenceKind, max_length=16),
        ),
        ops.AlterField(
            model_name='Merchant',
            name='state',
            field=fields.CharEnumField(default=MerchantState.APPLIED, description='APPLIED: applied\nREFUSED: refused\nAPPROVED: approved\nSUSPENDED: suspended', enum_type=MerchantState, max_length=10),
        ),
    ]
