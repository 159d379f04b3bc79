from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from products.catalogue_models import RecognitionStep
from tortoise.contrib.postgres.fields import TSVectorField
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0016_notifications')]

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
            name='CatalogueImport',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('merchant', fields.ForeignKeyField('longchuan.Merchant', source_field='merchant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('file_hash', fields.CharField(max_length=64)),
                ('report', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('imported_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('imported_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'catalogue_import', 'app': 'longchuan', 'constraints': [UniqueConstraint(fields=('merchant_id', 'file_hash'), name='catalogue_import_once')], 'pk_attr': 'id', 'table_description': 'A table that was brought in, and what came of it. The same file again changes nothing. Rows are only added.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RecognitionPaper',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('recognition', fields.ForeignKeyField('longchuan.RecognisedProduct', source_field='recognition_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('step', fields.CharEnumField(description='APPLICATION: application\nTOWNSHIP_REVIEW: township_review\nINDUSTRY_REVIEW: industry_review\nCOUNTY_DECISION: county_decision\nPUBLIC_NOTICE: public_notice\nRECOMMENDATION: recommendation', enum_type=RecognitionStep, max_length=20)),
                ('title', fields.CharField(max_length=60)),
                ('document', fields.CharField(max_length=60)),
                ('picture', fields.CharField(default='', max_length=40)),
                ('dated', fields.DateField()),
                ('added_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('added_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'recognition_paper', 'app': 'longchuan', 'pk_attr': 'id', 'table_description': "One paper of a recognised product's dossier; names no household. Rows are only ever added."},
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
            model_name='BrandAuthorisation',
            name='quota_pieces',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='BrandAuthorisation',
            name='sku',
            field=fields.ForeignKeyField('longchuan.Sku', source_field='sku_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='BrandAuthorisation',
            name='used_pieces',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='BrandAuthorisation',
            name='used_year',
            field=fields.SmallIntField(null=True),
        ),
        ops.AddConstraint(
            model_name='BrandAuthorisation',
            constraint=CheckConstraint(check='quota_pieces IS NULL OR quota_pieces > 0', name='brand_authorisation_quota'),
        ),
        ops.AddField(
            model_name='ConsumerAccount',
            name='personalisation_off_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
