from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0011_trade')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Order',
            name='receipt_check_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Order',
            name='receipt_checks',
            field=fields.SmallIntField(null=True),
        ),
        ops.AddConstraint(
            model_name='OrderLine',
            constraint=CheckConstraint(check='refunded_freight_fen BETWEEN 0 AND freight_fen', name='ck_order_line_refunded_freight'),
        ),
    ]
