from tortoise import migrations
from tortoise.migrations import operations as ops
from reviews.models import AdditionKind, ReviewState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0009_aftersales')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ProductRating',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('product', fields.CharField(unique=True, max_length=40)),
                ('reviews', fields.IntField()),
                ('star_sum', fields.IntField()),
                ('with_pictures', fields.IntField()),
                ('average_bp', fields.IntField()),
            ],
            options={'table': 'product_rating', 'app': 'longchuan', 'constraints': [CheckConstraint(check='reviews >= 0 AND with_pictures BETWEEN 0 AND reviews AND star_sum BETWEEN reviews AND 5 * reviews', name='product_rating_sums'), CheckConstraint(check='average_bp = CASE WHEN reviews = 0 THEN 0 ELSE (star_sum::bigint * 20000 + reviews) / (2 * reviews) END', name='product_rating_average')], 'pk_attr': 'id', 'table_description': 'What the shown reviews of a product add up to. ``average_bp`` is stars in 1/10,000, 0 without a review.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Review',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('line', fields.CharField(unique=True, max_length=40)),
                ('order', fields.CharField(max_length=32)),
                ('consumer', fields.CharField(max_length=32)),
                ('merchant', fields.CharField(max_length=32)),
                ('product', fields.CharField(max_length=40)),
                ('title', fields.CharField(max_length=120)),
                ('spec', fields.CharField(max_length=120)),
                ('stars', fields.SmallIntField()),
                ('text', fields.TextField(unique=False)),
                ('anonymous', fields.BooleanField()),
                ('state', fields.CharEnumField(description='HELD: held\nSHOWN: shown\nREFUSED: refused\nHIDDEN: hidden', enum_type=ReviewState, max_length=10)),
                ('pictures', fields.SmallIntField(default=0)),
                ('written_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('shown_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'review', 'app': 'longchuan', 'constraints': [CheckConstraint(check='stars BETWEEN 1 AND 5', name='review_stars'), CheckConstraint(check='pictures BETWEEN 0 AND 9', name='review_pictures')], 'indexes': [Index(fields=['product', 'state', 'id'], name='review_of_product'), Index(fields=['consumer', 'id'], name='review_of_consumer'), Index(fields=['merchant', 'state', 'id'], name='review_of_merchant')], 'pk_attr': 'id', 'table_description': 'What one buyer says about one line. Rows never go (``guards.sql``; e-commerce law, article 39).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ReviewAddition',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('review', fields.ForeignKeyField('longchuan.Review', source_field='review_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharEnumField(description='FOLLOW_UP: follow_up\nANSWER: answer', enum_type=AdditionKind, max_length=10)),
                ('text', fields.TextField(unique=False)),
                ('state', fields.CharEnumField(description='HELD: held\nSHOWN: shown\nREFUSED: refused\nHIDDEN: hidden', enum_type=ReviewState, max_length=10)),
                ('written_by', fields.CharField(max_length=120)),
                ('written_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'review_addition', 'app': 'longchuan', 'unique_together': (('review', 'kind'),), 'pk_attr': 'id', 'table_description': 'A follow-up or an answer: one of each, held and shown like the review itself.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ReviewDecision',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('review', fields.ForeignKeyField('longchuan.Review', source_field='review_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('hidden', fields.BooleanField()),
                ('reason', fields.CharField(max_length=200)),
                ('decided_by', fields.CharField(max_length=120)),
                ('decided_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'review_decision', 'app': 'longchuan', 'pk_attr': 'id', 'table_description': 'The county hid a review or showed it again, and why. Rows are only ever added.'},
            bases=['Model'],
        ),
    ]
