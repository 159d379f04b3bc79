from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.contrib.postgres.fields import TSVectorField
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0007_catalogue')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CatalogueEntry',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('product', fields.ForeignKeyField('longchuan.Product', source_field='product_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('listed', fields.BooleanField(default=False)),
                ('listed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('township', fields.CharField(max_length=9)),
                ('category', fields.ForeignKeyField('longchuan.Category', source_field='category_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('price_from_fen', fields.BigIntField(null=True)),
                ('in_stock', fields.BooleanField(default=False)),
                ('sold', fields.BigIntField(default=0)),
            ],
            options={'table': 'catalogue_entry', 'app': 'longchuan', 'constraints': [UniqueConstraint(fields=('product_id',), name='catalogue_entry_once')], 'pk_attr': 'id', 'table_description': 'What lists filter and sort a product by, kept by triggers alone (``guards.sql``).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SearchEntry',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('product', fields.ForeignKeyField('longchuan.Product', source_field='product_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('source', fields.TextField(unique=False)),
                ('title', fields.CharField(max_length=120)),
                ('words', TSVectorField(source_fields=(), stored=False)),
            ],
            options={'table': 'search_entry', 'app': 'longchuan', 'constraints': [UniqueConstraint(fields=('product_id',), name='search_entry_once')], 'pk_attr': 'id', 'table_description': 'The words under which a product is found, and the text from which they were made.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SearchWord',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('word', fields.CharField(unique=True, max_length=60)),
            ],
            options={'table': 'search_word', 'app': 'longchuan', 'pk_attr': 'id', 'table_description': 'A word in Latin letters that some product had at some time, for whoever mistypes it.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='ConsumerAccount',
            name='personalisation_off_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
