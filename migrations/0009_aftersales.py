from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from orders.cases.models import CaseKind, Cause
from orders.models import CaseState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0008_content')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AfterSalesEvent',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('longchuan.AfterSalesCase', source_field='case_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('event', fields.CharField(max_length=16)),
                ('state', fields.CharEnumField(description='REQUESTED: requested\nOFFERED: offered\nREFUSED: refused\nESCALATED: escalated\nRETURNING: returning\nRETURNED: returned\nRETURN_REFUSED: return_refused\nRETURN_ESCALATED: return_escalated\nEXCHANGING: exchanging\nEXCHANGED: exchanged\nREFUNDING: refunding\nFAILED: failed\nREFUNDED: refunded\nCOMPLETED: completed\nCLOSED: closed', enum_type=CaseState, max_length=20)),
                ('actor', fields.CharField(max_length=64)),
                ('note', fields.CharField(null=True, max_length=240)),
                ('happened_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'after_sales_event', 'app': 'longchuan', 'indexes': [Index(fields=['case_id', 'id'], name='idx_case_event_case')], 'pk_attr': 'id', 'table_description': 'One step of a case: what happened, by whom, with which words.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AfterSalesItem',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('longchuan.AfterSalesCase', source_field='case_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('line', fields.ForeignKeyField('longchuan.OrderLine', source_field='line_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('quantity', fields.IntField()),
                ('amount_fen', fields.BigIntField()),
                ('freight_fen', fields.BigIntField(default=0)),
            ],
            options={'table': 'after_sales_item', 'app': 'longchuan', 'unique_together': (('case_id', 'line_id'),), 'constraints': [CheckConstraint(check='quantity >= 0 AND amount_fen >= 0 AND freight_fen >= 0', name='ck_case_item_amounts')], 'indexes': [Index(fields=['line_id'], name='idx_case_item_line')], 'pk_attr': 'id', 'table_description': "Some pieces of one line in a case, with their shares of the line's stored money in fen."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='OrderDesk',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('merchant', fields.CharField(unique=True, max_length=32)),
                ('return_address', fields.BinaryField()),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_by', fields.CharField(max_length=64)),
            ],
            options={'table': 'order_desk', 'app': 'longchuan', 'pk_attr': 'id', 'table_description': 'What a merchant has set for its orders: where it takes goods back, sealed.'},
            bases=['Model'],
        ),
        ops.RemoveIndex(
            model_name='AfterSalesCase',
            name='idx_case_open',
            fields=None,
        ),
        ops.RemoveIndex(
            model_name='AfterSalesCase',
            name='idx_case_line',
            fields=None,
        ),
        ops.AlterModelOptions(
            name='AfterSalesCase',
            options={'table': 'after_sales_case', 'app': 'longchuan', 'constraints': [CheckConstraint(check='quantity > 0 AND amount_fen >= 0', name='ck_case_amounts'), CheckConstraint(check='freight_fen >= 0', name='ck_case_freight'), CheckConstraint(check='offer_fen IS NULL OR offer_fen > 0', name='ck_case_offer'), CheckConstraint(check="return_freight_by IN ('buyer', 'merchant', 'nobody')", name='ck_case_freight_by')], 'indexes': [Index(fields=['order_id', 'id'], name='idx_case_order')], 'pk_attr': 'id', 'table_description': "A buyer's claim on some pieces of an order."},
        ),
        ops.AlterField(
            model_name='AfterSalesCase',
            name='decision',
            field=fields.CharField(null=True, max_length=240),
        ),
        ops.AlterField(
            model_name='AfterSalesCase',
            name='reason',
            field=fields.CharField(max_length=200),
        ),
        ops.AlterField(
            model_name='AfterSalesCase',
            name='state',
            field=fields.CharEnumField(default=CaseState.REQUESTED, description='REQUESTED: requested\nOFFERED: offered\nREFUSED: refused\nESCALATED: escalated\nRETURNING: returning\nRETURNED: returned\nRETURN_REFUSED: return_refused\nRETURN_ESCALATED: return_escalated\nEXCHANGING: exchanging\nEXCHANGED: exchanged\nREFUNDING: refunding\nFAILED: failed\nREFUNDED: refunded\nCOMPLETED: completed\nCLOSED: closed', enum_type=CaseState, max_length=20),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='cause',
            field=fields.CharEnumField(description='CHANGED_MIND: changed_mind\nORDERED_WRONG: ordered_wrong\nNOT_SHIPPED: not_shipped\nNOT_ARRIVED: not_arrived\nPIECES_MISSING: pieces_missing\nWRONG_GOODS: wrong_goods\nDAMAGED: damaged\nQUALITY: quality\nROTTEN: rotten', enum_type=Cause, max_length=16),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='due_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='exchange_carrier',
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='exchange_waybill',
            field=fields.CharField(null=True, max_length=40),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='kind',
            field=fields.CharEnumField(description='REFUND_ONLY: refund_only\nRETURN_REFUND: return_refund\nEXCHANGE: exchange\nBAD_FRUIT: bad_fruit', enum_type=CaseKind, max_length=16),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='offer_fen',
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='offers',
            field=fields.SmallIntField(default=0),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='order',
            field=fields.ForeignKeyField('longchuan.Order', source_field='order_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='pictures',
            field=fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='return_address',
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='return_carrier',
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='return_freight_by',
            field=fields.CharField(max_length=8),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='return_waybill',
            field=fields.CharField(null=True, max_length=40),
        ),
        ops.AddField(
            model_name='AfterSalesCase',
            name='returned_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RemoveField(model_name='AfterSalesCase', name='line'),
        ops.AddIndex(
            model_name='AfterSalesCase',
            index=Index(fields=['order_id', 'id'], name='idx_case_order'),
        ),
        ops.AddConstraint(
            model_name='AfterSalesCase',
            constraint=CheckConstraint(check='freight_fen >= 0', name='ck_case_freight'),
        ),
        ops.AddConstraint(
            model_name='AfterSalesCase',
            constraint=CheckConstraint(check='offer_fen IS NULL OR offer_fen > 0', name='ck_case_offer'),
        ),
        ops.AddConstraint(
            model_name='AfterSalesCase',
            constraint=CheckConstraint(check="return_freight_by IN ('buyer', 'merchant', 'nobody')", name='ck_case_freight_by'),
        ),
        ops.AddField(
            model_name='Order',
            name='after_sales_terms',
            field=fields.JSONField(default=dict, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='Order',
            name='delivered_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Order',
            name='receipt_extended_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Order',
            name='receive_by',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Order',
            name='reminded_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='OrderLine',
            name='refunded_freight_fen',
            field=fields.BigIntField(default=0),
        ),
        ops.AddField(
            model_name='SalePolicy',
            name='after_sales_terms',
            field=fields.JSONField(default=dict, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
    ]
