from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from orders.handovers.models import VoucherState
from orders.models import DeliveryKind
from products.calendar_models import BookingKind, OnExpiry
from products.models import ReservationState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0003_channels')]

    initial = False

    operations = [
        ops.CreateModel(
            name='BookingRule',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('sku', fields.OneToOneField('longchuan.Sku', source_field='sku_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharEnumField(description='STAY: stay\nVISIT: visit', enum_type=BookingKind, max_length=8)),
                ('cancel_hours', fields.IntField()),
                ('grace_days', fields.SmallIntField()),
                ('on_expiry', fields.CharEnumField(description='REFUND: refund\nFORFEIT: forfeit', enum_type=OnExpiry, max_length=8)),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'booking_rule', 'app': 'longchuan', 'constraints': [CheckConstraint(check='cancel_hours BETWEEN 0 AND 2160 AND grace_days BETWEEN 0 AND 30', name='booking_rule_spans')], 'pk_attr': 'id', 'table_description': 'How a SKU is booked. The buyer gives up freely until ``cancel_hours`` before the first day begins in China.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CalendarDay',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('sku', fields.ForeignKeyField('longchuan.Sku', source_field='sku_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('day', fields.DateField()),
                ('capacity', fields.IntField()),
                ('taken', fields.IntField(default=0)),
                ('price_fen', fields.BigIntField()),
                ('is_open', fields.BooleanField(default=True)),
            ],
            options={'table': 'calendar_day', 'app': 'longchuan', 'constraints': [CheckConstraint(check='taken BETWEEN 0 AND capacity AND capacity <= 10000 AND price_fen BETWEEN 1 AND 100000000', name='calendar_day_taken'), UniqueConstraint(fields=('sku_id', 'day'), name='calendar_day_once')], 'pk_attr': 'id', 'table_description': 'One day of a SKU: ``capacity`` rooms or places at ``price_fen`` each, of which ``taken`` are held or sold.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DayBooking',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('reference', fields.CharField(max_length=64)),
                ('day', fields.ForeignKeyField('longchuan.CalendarDay', source_field='day_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('quantity', fields.IntField()),
                ('returned', fields.IntField(default=0)),
                ('state', fields.CharEnumField(description='HELD: held\nSOLD: sold\nRELEASED: released', enum_type=ReservationState, max_length=10)),
            ],
            options={'table': 'day_booking', 'app': 'longchuan', 'constraints': [CheckConstraint(check="quantity > 0 AND returned BETWEEN 0 AND quantity AND (returned = 0 OR state = 'sold')", name='day_booking_quantities'), UniqueConstraint(fields=('reference', 'day_id'), name='day_booking_once')], 'pk_attr': 'id', 'table_description': 'Places of one day under an opaque reference; ``returned`` of them were given back later.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Voucher',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('order', fields.ForeignKeyField('longchuan.Order', source_field='order_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('position', fields.SmallIntField()),
                ('valid_from', fields.DateField()),
                ('valid_until', fields.DateField()),
                ('on_expiry', fields.CharField(max_length=8)),
                ('state', fields.CharEnumField(default=VoucherState.ISSUED, description='ISSUED: issued\nREDEEMED: redeemed\nEXPIRED: expired\nVOID: void', enum_type=VoucherState, max_length=10)),
                ('code', fields.BinaryField(null=True)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_by', fields.CharField(null=True, max_length=64)),
            ],
            options={'table': 'voucher', 'app': 'longchuan', 'constraints': [UniqueConstraint(fields=('order_id', 'position'), name='uq_voucher_position'), CheckConstraint(check="(state = 'issued') = (code IS NOT NULL) AND (state = 'issued') = (ended_at IS NULL)", name='ck_voucher_code')], 'pk_attr': 'id', 'table_description': 'The right to one piece of a booked service, from day to day; the sealed ``code`` is used once.'},
            bases=['Model'],
        ),
        ops.AlterField(
            model_name='Order',
            name='delivery_kind',
            field=fields.CharEnumField(default=DeliveryKind.ADDRESS, description='ADDRESS: address\nPICKUP: pickup\nVOUCHER: voucher', enum_type=DeliveryKind, max_length=10),
        ),
        ops.AddField(
            model_name='OrderLine',
            name='booking',
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='ShippingReport',
            name='goods',
            field=fields.CharField(null=True, max_length=120),
        ),
        ops.AddField(
            model_name='ShippingReport',
            name='logistics_type',
            field=fields.SmallIntField(default=1),
        ),
        ops.AddConstraint(
            model_name='ShippingReport',
            constraint=CheckConstraint(check='logistics_type IN (1, 3, 4) AND (logistics_type = 1) = (goods IS NULL)', name='shipping_report_goods'),
        ),
    ]
