from tortoise import migrations
from tortoise.migrations import operations as ops
from orders.channels.models import FileKind, SalesChannel
from orders.invoices.models import InvoiceState, TitleKind
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0002_owndata')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ChannelImport',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=32)),
                ('merchant', fields.CharField(max_length=32)),
                ('channel', fields.CharEnumField(description='DOUYIN: douyin\nPINDUODUO: pinduoduo\nGROUP_PURCHASE: group_purchase', enum_type=SalesChannel, max_length=20)),
                ('kind', fields.CharEnumField(description='ORDERS: orders\nREFUNDS: refunds\nSETTLEMENTS: settlements', enum_type=FileKind, max_length=12)),
                ('digest', fields.BinaryField()),
                ('row_count', fields.IntField()),
                ('recorded', fields.IntField()),
                ('known', fields.IntField()),
                ('imported_by', fields.CharField(max_length=120)),
                ('imported_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'channel_import', 'app': 'longchuan', 'unique_together': (('merchant', 'channel', 'kind', 'digest'),), 'constraints': [CheckConstraint(check='recorded >= 0 AND known >= 0 AND row_count > 0', name='ck_channel_import_counts')], 'pk_attr': 'id', 'table_description': 'A file that was taken in whole. ``digest`` is the SHA-256 of its bytes, by which it is known again.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ChannelOrder',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('order', fields.OneToOneField('longchuan.Order', source_field='order_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('file', fields.ForeignKeyField('longchuan.ChannelImport', source_field='file_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('merchant', fields.CharField(max_length=32)),
                ('channel', fields.CharEnumField(description='DOUYIN: douyin\nPINDUODUO: pinduoduo\nGROUP_PURCHASE: group_purchase', enum_type=SalesChannel, max_length=20)),
                ('external_number', fields.CharField(max_length=64)),
                ('content', fields.BinaryField()),
            ],
            options={'table': 'channel_order', 'app': 'longchuan', 'unique_together': (('merchant', 'channel', 'external_number'),), 'pk_attr': 'id', 'table_description': 'What a channel calls an order. ``content`` is a keyed hash of its rows, to tell a change from a repeat.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ChannelRefund',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('line', fields.ForeignKeyField('longchuan.OrderLine', source_field='line_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('file', fields.ForeignKeyField('longchuan.ChannelImport', source_field='file_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('number', fields.CharField(max_length=32)),
                ('merchant', fields.CharField(max_length=32)),
                ('channel', fields.CharEnumField(description='DOUYIN: douyin\nPINDUODUO: pinduoduo\nGROUP_PURCHASE: group_purchase', enum_type=SalesChannel, max_length=20)),
                ('external_number', fields.CharField(max_length=64)),
                ('content', fields.BinaryField()),
                ('quantity', fields.IntField()),
                ('amount_fen', fields.BigIntField()),
                ('freight_fen', fields.BigIntField()),
                ('refunded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'channel_refund', 'app': 'longchuan', 'unique_together': (('merchant', 'channel', 'external_number', 'line_id'),), 'constraints': [CheckConstraint(check='quantity >= 0 AND amount_fen >= 0 AND freight_fen >= 0 AND amount_fen + freight_fen > 0', name='ck_channel_refund_amounts')], 'indexes': [Index(fields=['line_id'], name='idx_channel_refund_line')], 'pk_attr': 'id', 'table_description': 'Money that a channel gave back for one line. ``quantity`` is 0 when the buyer keeps the pieces. Fen.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ChannelSettlement',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('order', fields.ForeignKeyField('longchuan.Order', source_field='order_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('file', fields.ForeignKeyField('longchuan.ChannelImport', source_field='file_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('number', fields.CharField(unique=True, max_length=32)),
                ('day', fields.DateField()),
                ('paid_out_fen', fields.BigIntField()),
                ('fee_fen', fields.BigIntField()),
            ],
            options={'table': 'channel_settlement', 'app': 'longchuan', 'unique_together': (('order_id', 'day'),), 'constraints': [CheckConstraint(check='paid_out_fen <> 0 OR fee_fen <> 0', name='ck_channel_settlement_money')], 'pk_attr': 'id', 'table_description': 'What a channel paid out for an order on one day, and kept as its fee; both are negative when it took back.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='InvoiceRequest',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=32)),
                ('order', fields.ForeignKeyField('longchuan.Order', source_field='order_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('consumer', fields.CharField(max_length=32)),
                ('merchant', fields.CharField(max_length=32)),
                ('kind', fields.CharEnumField(description='PERSONAL: personal\nCOMPANY: company', enum_type=TitleKind, max_length=10)),
                ('sealed', fields.BinaryField()),
                ('amount_fen', fields.BigIntField()),
                ('state', fields.CharEnumField(default=InvoiceState.REQUESTED, description='REQUESTED: requested\nISSUED: issued\nREFUSED: refused\nWITHDRAWN: withdrawn', enum_type=InvoiceState, max_length=10)),
                ('requested_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('answered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('answered_by', fields.CharField(null=True, max_length=120)),
                ('invoice_number', fields.CharField(null=True, max_length=20)),
                ('reason', fields.CharField(null=True, max_length=200)),
            ],
            options={'table': 'invoice_request', 'app': 'longchuan', 'constraints': [CheckConstraint(check='amount_fen > 0', name='ck_invoice_request_amount'), CheckConstraint(check="(state = 'issued') = (invoice_number IS NOT NULL) AND (state = 'refused') = (reason IS NOT NULL)", name='ck_invoice_request_answer'), UniqueConstraint(fields=('order_id',), name='uq_invoice_request_open', condition="state IN ('requested', 'issued')"), UniqueConstraint(fields=('merchant', 'invoice_number'), name='uq_invoice_request_invoice')], 'indexes': [Index(fields=['merchant', 'state', 'id'], name='idx_invoice_request_merchant'), Index(fields=['order_id', 'id'], name='idx_invoice_request_order')], 'pk_attr': 'id', 'table_description': 'One request. ``sealed`` holds title, tax number and e-mail; ``amount_fen`` is counted anew when issued.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='InvoiceWindow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('valid_from', fields.DateField(unique=True)),
                ('days', fields.SmallIntField()),
                ('source_document', fields.CharField(max_length=120)),
                ('entered_by', fields.CharField(max_length=120)),
                ('entered_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'invoice_window', 'app': 'longchuan', 'constraints': [CheckConstraint(check='days BETWEEN 1 AND 1827', name='ck_invoice_window_days')], 'pk_attr': 'id', 'table_description': 'From a day of payment on: how many days after payment an invoice may be asked for, and which paper says so.'},
            bases=['Model'],
        ),
    ]
