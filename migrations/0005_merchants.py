from tortoise import migrations
from tortoise.migrations import operations as ops
from merchants.models import MerchantState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0004_coupons')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ClerkInvitation',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('code_hash', fields.CharField(unique=True, max_length=64)),
                ('scope', fields.CharField(max_length=40)),
                ('duties', fields.CharField(default='', max_length=60)),
                ('invited_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('invited_by', fields.CharField(max_length=120)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('accepted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('accepted_by', fields.CharField(null=True, max_length=24)),
                ('withdrawn_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'clerk_invitation', 'app': 'longchuan', 'constraints': [CheckConstraint(check='(accepted_at IS NULL) = (accepted_by IS NULL) AND (accepted_at IS NULL OR withdrawn_at IS NULL)', name='clerk_invitation_end')], 'indexes': [Index(fields=['scope', 'id'], name='clerk_invitation_scope')], 'pk_attr': 'id', 'table_description': "A place among the clerks of one scope, for whoever has the code. The row holds the code's SHA-256."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='LegalPerson',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('merchant', fields.ForeignKeyField('longchuan.Merchant', source_field='merchant_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('name_cipher', fields.BinaryField()),
                ('id_number_cipher', fields.BinaryField()),
                ('id_number_index', fields.BinaryField()),
                ('phone_cipher', fields.BinaryField()),
                ('entered_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('entered_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'legal_person', 'app': 'longchuan', 'pk_attr': 'id', 'table_description': 'Who answers for a merchant, encrypted field by field. A newer row replaces an older one; rows stay.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MerchantReview',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('merchant', fields.ForeignKeyField('longchuan.Merchant', source_field='merchant_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='APPLIED: applied\nREFUSED: refused\nAPPROVED: approved\nSUSPENDED: suspended', enum_type=MerchantState, max_length=10)),
                ('reviewed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('reviewed_by', fields.CharField(max_length=120)),
                ('reason', fields.CharField(null=True, max_length=200)),
            ],
            options={'table': 'merchant_review', 'app': 'longchuan', 'constraints': [CheckConstraint(check="state NOT IN ('refused', 'suspended') OR reason IS NOT NULL", name='merchant_review_reason')], 'pk_attr': 'id', 'table_description': 'One step of a merchant: what it came to, when, by whom and why. Rows are only ever added.'},
            bases=['Model'],
        ),
        ops.AlterField(
            model_name='Merchant',
            name='licence_number',
            field=fields.CharField(max_length=40),
        ),
        ops.AddField(
            model_name='Merchant',
            name='applicant',
            field=fields.CharField(null=True, max_length=32),
        ),
        ops.AddField(
            model_name='Merchant',
            name='return_phone',
            field=fields.CharField(null=True, max_length=20),
        ),
        ops.AddField(
            model_name='Merchant',
            name='return_recipient',
            field=fields.CharField(null=True, max_length=40),
        ),
        ops.AddField(
            model_name='Merchant',
            name='return_region',
            field=fields.CharField(null=True, max_length=6),
        ),
        ops.AddField(
            model_name='Merchant',
            name='return_street',
            field=fields.CharField(null=True, max_length=120),
        ),
        ops.AddField(
            model_name='Merchant',
            name='service_phone',
            field=fields.CharField(null=True, max_length=20),
        ),
        ops.AddConstraint(
            model_name='Merchant',
            constraint=UniqueConstraint(fields=('licence_number',), name='merchant_licence_once', condition="state <> 'refused'"),
        ),
        ops.AddConstraint(
            model_name='Merchant',
            constraint=UniqueConstraint(fields=('applicant',), name='merchant_applicant_once', condition="state IN ('applied', 'refused')"),
        ),
        ops.AddConstraint(
            model_name='Merchant',
            constraint=CheckConstraint(check='(return_recipient IS NULL) = (return_phone IS NULL) AND (return_recipient IS NULL) = (return_region IS NULL) AND (return_recipient IS NULL) = (return_street IS NULL)', name='merchant_return_address'),
        ),
        ops.AddField(
            model_name='RoleGrant',
            name='duties',
            field=fields.CharField(default='', max_length=60),
        ),
    ]
