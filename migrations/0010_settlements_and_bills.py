from tortoise import migrations
from tortoise.migrations import operations as ops
from payments.models import DifferenceState
from settlements.models import Bearer, EntryKind
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0009_aftersales')]

    initial = False

    operations = [
        ops.CreateModel(
            name='BillDifferenceItem',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('key', fields.CharField(unique=True, max_length=80)),
                ('bill', fields.CharField(max_length=8)),
                ('day', fields.DateField()),
                ('account', fields.CharField(max_length=32)),
                ('reason', fields.CharField(max_length=40)),
                ('payment_number', fields.CharField(max_length=64)),
                ('refund_number', fields.CharField(max_length=64)),
                ('transaction_id', fields.CharField(max_length=64)),
                ('amount_fen', fields.BigIntField()),
                ('state', fields.CharEnumField(default=DifferenceState.OPEN, description='OPEN: open\nASSIGNED: assigned\nCLOSED: closed\nRESOLVED: resolved', enum_type=DifferenceState, max_length=10)),
                ('owner', fields.CharField(null=True, max_length=24)),
                ('seen_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'bill_difference', 'app': 'longchuan', 'constraints': [CheckConstraint(check="state NOT IN ('assigned', 'closed') OR owner IS NOT NULL", name='bill_difference_owner')], 'indexes': [Index(fields=['state', 'id'], name='bill_difference_state')], 'pk_attr': 'id', 'table_description': 'One thing on which a bill and our rows do not agree. ``key`` names it for ever; ``owner`` is a staff number.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='BillDifferenceStep',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('item', fields.ForeignKeyField('longchuan.BillDifferenceItem', source_field='item_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='OPEN: open\nASSIGNED: assigned\nCLOSED: closed\nRESOLVED: resolved', enum_type=DifferenceState, max_length=10)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('by', fields.CharField(max_length=120)),
                ('owner', fields.CharField(null=True, max_length=24)),
                ('note', fields.CharField(default='', max_length=200)),
            ],
            options={'table': 'bill_difference_step', 'app': 'longchuan', 'constraints': [CheckConstraint(check="state <> 'closed' OR note <> ''", name='bill_difference_step_reason')], 'pk_attr': 'id', 'table_description': 'One step of an item: what it came to, by whom, whose it became, and the note. Rows are only ever added.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PaymentFundBill',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('channel', fields.CharField(max_length=32)),
                ('account', fields.CharField(max_length=32)),
                ('day', fields.DateField()),
                ('sha1', fields.CharField(max_length=40)),
                ('line_count', fields.IntField()),
                ('opening_fen', fields.BigIntField(null=True)),
                ('closing_fen', fields.BigIntField(null=True)),
                ('imported_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'payment_fund_bill', 'app': 'longchuan', 'unique_together': (('channel', 'account', 'day'),), 'pk_attr': 'id', 'table_description': "The channel's fund-flow bill of one account and one day in China; without lines when nothing moved."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PaymentFundLine',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('bill', fields.ForeignKeyField('longchuan.PaymentFundBill', source_field='bill_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('flow_number', fields.CharField(max_length=64)),
                ('booked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('transaction_id', fields.CharField(max_length=64)),
                ('business', fields.CharField(max_length=40)),
                ('amount_fen', fields.BigIntField()),
                ('balance_fen', fields.BigIntField()),
                ('remark', fields.CharField(default='', max_length=200)),
                ('voucher', fields.CharField(default='', max_length=64)),
                ('difference', fields.CharField(null=True, default='not_compared', max_length=40)),
            ],
            options={'table': 'payment_fund_line', 'app': 'longchuan', 'unique_together': (('bill', 'flow_number'),), 'indexes': [Index(fields=['transaction_id'], name='payment_fund_line_transaction')], 'pk_attr': 'id', 'table_description': 'One movement of an account, income positive. ``difference`` says why it fits nothing of ours; None: it does.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SettlementLine',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('line', fields.CharField(unique=True, max_length=44)),
                ('order_number', fields.CharField(max_length=40)),
                ('merchant', fields.CharField(max_length=32)),
                ('channel', fields.CharField(max_length=32)),
                ('quantity', fields.IntField()),
                ('remaining_quantity', fields.IntField()),
                ('remaining_net_fen', fields.BigIntField()),
                ('county_fen', fields.BigIntField(default=0)),
                ('host_commission_bp', fields.IntField(default=0)),
                ('refund_step', fields.IntField(default=0)),
                ('earned_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'settlement_line', 'app': 'longchuan', 'constraints': [CheckConstraint(check='remaining_quantity BETWEEN 0 AND quantity AND remaining_net_fen >= 0 AND county_fen >= 0', name='settlement_line_remaining')], 'pk_attr': 'id', 'table_description': "What is known of an order line: from it the host's commission and the county's debt are computed anew."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Statement',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('merchant', fields.CharField(max_length=32)),
                ('first_day', fields.DateField()),
                ('last_day', fields.DateField()),
                ('entry_count', fields.IntField()),
                ('landed_fen', fields.BigIntField()),
                ('issued_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('issued_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'settlement_statement', 'app': 'longchuan', 'constraints': [UniqueConstraint(fields=('merchant', 'last_day'), name='settlement_statement_once'), CheckConstraint(check='last_day >= first_day AND entry_count > 0', name='settlement_statement_span')], 'pk_attr': 'id', 'table_description': 'A period that was issued: every entry up to its last day that no earlier statement has. Never changed.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SettlementEntry',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('merchant', fields.CharField(max_length=32)),
                ('order_number', fields.CharField(max_length=40)),
                ('line', fields.CharField(default='', max_length=44)),
                ('channel', fields.CharField(max_length=32)),
                ('kind', fields.CharEnumField(description='GROSS: gross\nDISCOUNT: discount\nFREIGHT: freight\nREFUND: refund\nFREIGHT_REFUND: freight_refund\nLATE_MONEY: late_money\nLATE_MONEY_RETURNED: late_money_returned\nFEE: fee\nSPLIT: split\nSPLIT_RETURNED: split_returned\nCOMMISSION: commission\nCOUNTY_OWES: county_owes', enum_type=EntryKind, max_length=20)),
                ('bearer', fields.CharEnumField(default=Bearer.NOBODY, description='NOBODY: \nMERCHANT: merchant\nCOUNTY: county', enum_type=Bearer, max_length=10)),
                ('amount_fen', fields.BigIntField()),
                ('day', fields.DateField()),
                ('occurred_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('source', fields.CharField(max_length=100)),
                ('statement', fields.ForeignKeyField('longchuan.Statement', source_field='statement_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'settlement_entry', 'app': 'longchuan', 'constraints': [UniqueConstraint(fields=('source', 'kind', 'bearer', 'line'), name='settlement_entry_once'), CheckConstraint(check='amount_fen <> 0', name='settlement_entry_amount')], 'indexes': [Index(fields=['merchant', 'day', 'id'], name='settlement_entry_merchant'), Index(fields=['order_number'], name='settlement_entry_order'), Index(fields=['statement_id', 'id'], name='settlement_entry_statement')], 'pk_attr': 'id', 'table_description': "One amount of one fact, positive when it is the merchant's gain. ``day`` is China's, ``line`` empty for an order."},
            bases=['Model'],
        ),
    ]
