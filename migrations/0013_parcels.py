from tortoise import migrations
from tortoise.migrations import operations as ops
from logistics.models import ParcelState, ReportKind, ReportState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0012_offers')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Carrier',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(unique=True, max_length=16)),
                ('name', fields.CharField(max_length=40)),
                ('wechat_id', fields.CharField(max_length=128)),
                ('kuaidi100_code', fields.CharField(max_length=40)),
                ('asks_phone', fields.BooleanField(default=False)),
                ('is_active', fields.BooleanField(default=True)),
            ],
            options={'table': 'carrier', 'app': 'longchuan', 'pk_attr': 'id', 'table_description': 'A carrier by our code, and what WeChat and Kuaidi100 call it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CarrierAccount',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('merchant', fields.CharField(max_length=32)),
                ('carrier', fields.CharField(max_length=16)),
                ('contract', fields.BinaryField()),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'carrier_account', 'app': 'longchuan', 'unique_together': (('merchant', 'carrier'),), 'pk_attr': 'id', 'table_description': "A merchant's contract with a carrier for electronic waybills; the contract and the sender are sealed."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='OrderShortage',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case_number', fields.CharField(unique=True, max_length=32)),
                ('sku', fields.CharField(max_length=40)),
                ('quantity', fields.IntField()),
                ('reported_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('reported_by', fields.CharField(max_length=120)),
                ('written_off_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'order_shortage', 'app': 'longchuan', 'constraints': [CheckConstraint(check='quantity > 0', name='ck_order_shortage_quantity')], 'pk_attr': 'id', 'table_description': 'Pieces that the merchant sold and did not have; ``case_number`` is the after-sales case that refunds them.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Parcel',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('merchant', fields.CharField(max_length=32)),
                ('state', fields.CharEnumField(default=ParcelState.CREATED, description='CREATED: created\nHANDED_OVER: handed_over\nIN_TRANSIT: in_transit\nDELIVERED: delivered\nSIGNED: signed\nRETURNED: returned\nLOST: lost\nCANCELLED: cancelled', enum_type=ParcelState, max_length=12)),
                ('carrier', fields.CharField(max_length=16)),
                ('waybill', fields.CharField(null=True, max_length=64)),
                ('phone_tail', fields.CharField(max_length=4)),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('made_by', fields.CharField(max_length=120)),
                ('handed_over_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('signed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('label', fields.TextField(null=True, unique=False)),
                ('label_claimed_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('track_due_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('track_polls', fields.IntField(default=0)),
                ('track_error', fields.CharField(null=True, max_length=200)),
            ],
            options={'table': 'parcel', 'app': 'longchuan', 'constraints': [CheckConstraint(check="state IN ('created', 'cancelled') OR (waybill IS NOT NULL AND handed_over_at IS NOT NULL)", name='parcel_handed_over_with_waybill'), CheckConstraint(check="(state = 'signed') <= (signed_at IS NOT NULL)", name='parcel_signed_at'), CheckConstraint(check="phone_tail ~ '^[0-9]{0,4}$'", name='parcel_phone_tail')], 'indexes': [Index(fields=['merchant', 'state', 'id'], name='parcel_merchant'), Index(fields=['waybill', 'carrier'], name='parcel_waybill')], 'pk_attr': 'id', 'table_description': "One parcel with its waybill. ``phone_tail`` are the last four digits of the receiver's phone, all that is kept."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ParcelEvent',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('parcel', fields.ForeignKeyField('longchuan.Parcel', source_field='parcel_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='CREATED: created\nHANDED_OVER: handed_over\nIN_TRANSIT: in_transit\nDELIVERED: delivered\nSIGNED: signed\nRETURNED: returned\nLOST: lost\nCANCELLED: cancelled', enum_type=ParcelState, max_length=12)),
                ('actor', fields.CharField(max_length=120)),
                ('note', fields.CharField(null=True, max_length=200)),
                ('happened_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'parcel_event', 'app': 'longchuan', 'pk_attr': 'id', 'table_description': "One step of a parcel's life."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ParcelItem',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('parcel', fields.ForeignKeyField('longchuan.Parcel', source_field='parcel_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('reference', fields.CharField(max_length=32)),
                ('line', fields.CharField(max_length=40)),
                ('title', fields.CharField(max_length=120)),
                ('quantity', fields.IntField()),
            ],
            options={'table': 'parcel_item', 'app': 'longchuan', 'unique_together': (('parcel_id', 'line'),), 'constraints': [CheckConstraint(check='quantity BETWEEN 1 AND 999', name='parcel_item_quantity')], 'indexes': [Index(fields=['reference'], name='parcel_item_reference')], 'pk_attr': 'id', 'table_description': 'Pieces of one line in a parcel. ``reference`` (an order) and ``line`` are opaque, ``title`` is copied.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ParcelTrack',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('parcel', fields.ForeignKeyField('longchuan.Parcel', source_field='parcel_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('happened_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('text', fields.CharField(max_length=500)),
                ('place', fields.CharField(default='', max_length=100)),
            ],
            options={'table': 'parcel_track', 'app': 'longchuan', 'unique_together': (('parcel_id', 'happened_at', 'text'),), 'pk_attr': 'id', 'table_description': 'What a carrier says happened, once: the same moment and text again is no news.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ShippingReport',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='SHIPPING: shipping\nRECEIPT: receipt', enum_type=ReportKind, max_length=10)),
                ('reference', fields.CharField(max_length=32)),
                ('merchant', fields.CharField(max_length=32)),
                ('transaction_id', fields.CharField(max_length=64)),
                ('payer_openid', fields.CharField(max_length=128)),
                ('is_split', fields.BooleanField(default=False)),
                ('is_complete', fields.BooleanField(default=False)),
                ('arrived_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('state', fields.CharEnumField(default=ReportState.PENDING, description='PENDING: pending\nSENDING: sending\nSENT: sent\nFOR_A_PERSON: for_a_person\nDISMISSED: dismissed', enum_type=ReportState, max_length=12)),
                ('wanted', fields.IntField(default=1)),
                ('told', fields.IntField(default=0)),
                ('attempts', fields.IntField(default=0)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('claimed_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_code', fields.IntField(null=True)),
                ('last_message', fields.CharField(null=True, max_length=200)),
                ('noted_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('told_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_by', fields.CharField(null=True, max_length=120)),
            ],
            options={'table': 'shipping_report', 'app': 'longchuan', 'unique_together': (('reference', 'kind'),), 'constraints': [CheckConstraint(check='wanted >= told AND told >= 0', name='shipping_report_counts'), CheckConstraint(check="(kind = 'receipt') = (arrived_at IS NOT NULL)", name='shipping_report_arrival')], 'indexes': [Index(fields=['merchant', 'state', 'id'], name='shipping_report_merchant')], 'pk_attr': 'id', 'table_description': "What WeChat must know of one payment's goods (wechat reference 2.7): an outbox row, sent by a job."},
            bases=['Model'],
        ),
    ]
