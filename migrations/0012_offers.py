from tortoise import migrations
from tortoise.migrations import operations as ops
from products.models import MovementKind, OfferState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0011_trade')]

    initial = False

    operations = [
        ops.CreateModel(
            name='FlashOffer',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('sku', fields.ForeignKeyField('longchuan.Sku', source_field='sku_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('price_fen', fields.BigIntField()),
                ('list_price_fen', fields.BigIntField()),
                ('pieces', fields.IntField()),
                ('buckets', fields.SmallIntField()),
                ('limit_per_buyer', fields.IntField(null=True)),
                ('starts_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ends_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('state', fields.CharEnumField(default=OfferState.OPEN, description='OPEN: open\nENDED: ended', enum_type=OfferState, max_length=10)),
                ('opened_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('opened_by', fields.CharField(max_length=120)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_by', fields.CharField(null=True, max_length=120)),
                ('returned', fields.IntField(null=True)),
            ],
            options={'table': 'flash_offer', 'app': 'longchuan', 'constraints': [CheckConstraint(check='price_fen >= 1 AND price_fen < list_price_fen AND pieces BETWEEN 1 AND 1000000 AND buckets BETWEEN 1 AND 16 AND (limit_per_buyer IS NULL OR limit_per_buyer BETWEEN 1 AND 10000) AND ends_at > starts_at', name='flash_offer_terms'), UniqueConstraint(fields=('sku_id',), name='flash_offer_one_open', condition="state = 'open'")], 'indexes': [PartialIndex(fields=['ends_at'], name='flash_offer_due', condition={'state': 'open'})], 'pk_attr': 'id', 'table_description': "A SKU at another price for a time, with ``pieces`` of its own. ``list_price_fen`` is the SKU's, copied."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FlashBucket',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('offer', fields.ForeignKeyField('longchuan.FlashOffer', source_field='offer_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('position', fields.SmallIntField()),
                ('available', fields.BigIntField()),
            ],
            options={'table': 'flash_bucket', 'app': 'longchuan', 'constraints': [CheckConstraint(check='available >= 0', name='flash_bucket_available'), UniqueConstraint(fields=('offer_id', 'position'), name='flash_bucket_once')], 'pk_attr': 'id', 'table_description': "A part of an open offer's pieces that are not taken."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FlashBuyer',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('offer', fields.ForeignKeyField('longchuan.FlashOffer', source_field='offer_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('buyer', fields.CharField(max_length=64)),
                ('pieces', fields.IntField()),
                ('most', fields.IntField()),
            ],
            options={'table': 'flash_buyer', 'app': 'longchuan', 'constraints': [CheckConstraint(check='pieces BETWEEN 0 AND most', name='flash_buyer_limit'), UniqueConstraint(fields=('offer_id', 'buyer'), name='flash_buyer_once')], 'pk_attr': 'id', 'table_description': 'How many pieces of a limited offer one buyer holds or has bought; ``most`` is the limit.'},
            bases=['Model'],
        ),
        ops.RemoveConstraint(
            model_name='IdempotencyClaim',
            name=None,
            fields=['caller', 'route', 'key'],
        ),
        ops.AddConstraint(
            model_name='IdempotencyClaim',
            constraint=UniqueConstraint(fields=('key', 'caller', 'route'), name=None),
        ),
        ops.AddField(
            model_name='Sku',
            name='set_aside',
            field=fields.BigIntField(default=0),
        ),
        ops.AddConstraint(
            model_name='Sku',
            constraint=CheckConstraint(check='set_aside >= 0', name='sku_set_aside'),
        ),
        ops.AlterField(
            model_name='StockMovement',
            name='kind',
            field=fields.CharEnumField(description='STOCKED: stocked\nRESERVED: reserved\nRELEASED: released\nSOLD: sold\nREVIVED: revived\nPUT_BACK: put_back\nSET_ASIDE: set_aside\nRETURNED: returned', enum_type=MovementKind, max_length=10),
        ),
        ops.AlterModelOptions(
            name='StockReservation',
            options={'table': 'stock_reservation', 'app': 'longchuan', 'constraints': [CheckConstraint(check="quantity > 0 AND returned BETWEEN 0 AND quantity AND (returned = 0 OR state = 'sold')", name='stock_reservation_quantities'), UniqueConstraint(fields=('reference', 'sku_id'), name='stock_reservation_once')], 'indexes': [Index(fields=['offer_id'], name='stock_reservation_offer')], 'pk_attr': 'id', 'table_description': 'Pieces of one SKU reserved under an opaque reference; ``returned`` of them came back later.'},
        ),
        ops.AddField(
            model_name='StockReservation',
            name='buyer',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name='StockReservation',
            name='offer',
            field=fields.ForeignKeyField('longchuan.FlashOffer', source_field='offer_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddIndex(
            model_name='StockReservation',
            index=Index(fields=['offer_id'], name='stock_reservation_offer'),
        ),
    ]
