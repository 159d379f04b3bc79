from tortoise import migrations
from tortoise.migrations import operations as ops
from orders.handovers.models import PickupState
from orders.models import DeliveryKind
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0014_settlements')]

    initial = False

    operations = [
        ops.CreateModel(
            name='OrderPickup',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('order', fields.OneToOneField('longchuan.Order', source_field='order_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('site', fields.CharField(max_length=24)),
                ('township', fields.CharField(max_length=9)),
                ('state', fields.CharEnumField(default=PickupState.AWAITED, description='AWAITED: awaited\nREADY: ready\nREDEEMED: redeemed\nLAPSED: lapsed', enum_type=PickupState, max_length=10)),
                ('code', fields.BinaryField(null=True)),
                ('ready_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ready_by', fields.CharField(null=True, max_length=64)),
                ('remind_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('reminded_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('due_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_by', fields.CharField(null=True, max_length=64)),
            ],
            options={'table': 'order_pickup', 'app': 'longchuan', 'constraints': [CheckConstraint(check="(state = 'ready') = (code IS NOT NULL)", name='ck_pickup_code'), CheckConstraint(check="(state = 'awaited') = (ready_at IS NULL) AND (state IN ('redeemed', 'lapsed')) = (ended_at IS NOT NULL)", name='ck_pickup_moments')], 'indexes': [Index(fields=['township', 'state', 'due_at'], name='idx_pickup_township')], 'pk_attr': 'id', 'table_description': "One order at the station where it is fetched; ``township`` is the keeper's. ``code`` is sealed and used once."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RedemptionFailure',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('desk', fields.CharField(max_length=40)),
                ('subject', fields.CharField(max_length=40)),
                ('actor', fields.CharField(max_length=64)),
                ('failed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'redemption_failure', 'app': 'longchuan', 'indexes': [Index(fields=['desk', 'failed_at'], name='idx_redemption_failure_desk')], 'pk_attr': 'id', 'table_description': 'One wrong code at a desk (a station) for a thing; they are counted, and never kept as they were typed.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Order',
            name='delivery_kind',
            field=fields.CharEnumField(default=DeliveryKind.ADDRESS, description='ADDRESS: address\nPICKUP: pickup', enum_type=DeliveryKind, max_length=10),
        ),
        ops.AddField(
            model_name='OrderLine',
            name='ships_from',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Product',
            name='ships_from',
            field=fields.DateField(null=True),
        ),
    ]
