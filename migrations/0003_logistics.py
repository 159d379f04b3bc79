from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from logistics.models import FreightUnit
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0002_merchants')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DeliveryAddress',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('owner', fields.CharField(max_length=32)),
                ('recipient', fields.BinaryField()),
                ('phone', fields.BinaryField()),
                ('street', fields.BinaryField()),
                ('region', fields.CharField(max_length=6)),
                ('region_name', fields.CharField(max_length=60)),
                ('is_default', fields.BooleanField(default=False)),
                ('entered_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'delivery_address', 'app': 'longchuan', 'constraints': [CheckConstraint(check="region ~ '^[1-9][0-9]{5}$'", name='delivery_address_region'), UniqueConstraint(fields=('owner',), name='delivery_address_one_default', condition='is_default')], 'indexes': [Index(fields=['owner', 'id'], name='delivery_address_owner')], 'pk_attr': 'id', 'table_description': 'One address of an opaque owner. Who, phone and street are sealed, each bound to this row and its column.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FreightTemplate',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(unique=True, max_length=24)),
                ('merchant', fields.CharField(max_length=32)),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('made_by', fields.CharField(max_length=120)),
                ('retired_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('retired_by', fields.CharField(null=True, max_length=120)),
            ],
            options={'table': 'freight_template', 'app': 'longchuan', 'indexes': [Index(fields=['merchant', 'id'], name='freight_template_merchant')], 'pk_attr': 'id', 'table_description': "A merchant's way of charging freight; the versions say how. Retired: no product may take it up any more."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FreightVersion',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('template', fields.ForeignKeyField('longchuan.FreightTemplate', source_field='template_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('version', fields.IntField()),
                ('name', fields.CharField(max_length=40)),
                ('unit', fields.CharEnumField(description='PIECE: piece\nWEIGHT: weight', enum_type=FreightUnit, max_length=10)),
                ('terms', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('effective_from', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('made_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'freight_version', 'app': 'longchuan', 'unique_together': (('template_id', 'version'),), 'constraints': [CheckConstraint(check='version BETWEEN 1 AND 1000', name='freight_version_number')], 'pk_attr': 'id', 'table_description': 'What a template says from a moment on; a change is the next version, and orders keep the one they used.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Product',
            name='freight_template',
            field=fields.CharField(default='', max_length=24),
        ),
    ]
