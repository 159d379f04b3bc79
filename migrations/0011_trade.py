from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0010_reviews')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CartLine',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('consumer', fields.CharField(max_length=32)),
                ('sku', fields.CharField(max_length=40)),
                ('quantity', fields.IntField()),
                ('selected', fields.BooleanField(default=True)),
                ('seen_price_fen', fields.BigIntField()),
                ('attribution', fields.CharField(null=True, max_length=400)),
                ('put_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'cart_line', 'app': 'longchuan', 'constraints': [CheckConstraint(check='quantity BETWEEN 1 AND 999 AND seen_price_fen > 0', name='ck_cart_line_quantity'), UniqueConstraint(fields=('consumer', 'sku'), name='uq_cart_line')], 'pk_attr': 'id', 'table_description': 'What a consumer means to buy. ``seen_price_fen`` is the price when it was last put there.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Trade',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=32)),
                ('consumer', fields.CharField(max_length=32)),
                ('amount_fen', fields.BigIntField()),
                ('order_count', fields.SmallIntField()),
                ('placed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'trade', 'app': 'longchuan', 'constraints': [CheckConstraint(check='amount_fen > 0 AND order_count > 0', name='ck_trade_amount')], 'indexes': [Index(fields=['consumer', 'id'], name='idx_trade_consumer')], 'pk_attr': 'id', 'table_description': 'One checkout of one consumer: one payment by one password, and an order with each merchant.'},
            bases=['Model'],
        ),
        ops.AlterModelOptions(
            name='Order',
            options={'table': 'customer_order', 'app': 'longchuan', 'constraints': [CheckConstraint(check='goods_fen >= 0 AND freight_fen >= 0 AND discount_fen BETWEEN 0 AND goods_fen AND amount_fen = goods_fen - discount_fen + freight_fen AND amount_fen > 0', name='ck_order_amounts')], 'indexes': [Index(fields=['trade_id'], name='idx_order_trade'), Index(fields=['consumer', 'id'], name='idx_order_consumer'), Index(fields=['merchant', 'state', 'id'], name='idx_order_merchant'), Index(fields=['source'], name='idx_order_source')], 'pk_attr': 'id', 'table_description': 'One purchase from one merchant. ``consumer`` and ``merchant`` are public numbers.'},
        ),
        ops.AddField(
            model_name='Order',
            name='trade',
            field=fields.ForeignKeyField('longchuan.Trade', source_field='trade_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddIndex(
            model_name='Order',
            index=Index(fields=['trade_id'], name='idx_order_trade'),
        ),
        ops.AddField(
            model_name='OrderLine',
            name='discounts',
            field=fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='OrderLine',
            name='freight_fen',
            field=fields.BigIntField(default=0),
        ),
        ops.AddField(
            model_name='OrderLine',
            name='freight_terms',
            field=fields.CharField(default='', max_length=64),
        ),
        ops.AddField(
            model_name='OrderLine',
            name='source',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddConstraint(
            model_name='OrderLine',
            constraint=CheckConstraint(check='freight_fen >= 0', name='ck_order_line_freight'),
        ),
        ops.AddField(
            model_name='Payment',
            name='bundle',
            field=fields.CharField(default='', max_length=64),
        ),
        ops.AddField(
            model_name='Payment',
            name='combination',
            field=fields.CharField(null=True, max_length=32),
        ),
        ops.AddIndex(
            model_name='Payment',
            index=Index(fields=['bundle'], name='idx_payment_bundle'),
        ),
    ]
