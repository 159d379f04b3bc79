from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from products.catalogue_models import CertificateKind, CertificateState, KnifeForm, ProductClass, RequirementKind
from products.drafts import ReturnPolicy
from products.models import ProductState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0006_content')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Category',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(unique=True, max_length=24)),
                ('name', fields.CharField(max_length=20)),
                ('parent', fields.ForeignKeyField('longchuan.Category', source_field='parent_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('root', fields.ForeignKeyField('longchuan.Category', source_field='root_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('depth', fields.SmallIntField()),
                ('position', fields.IntField(default=0)),
                ('product_class', fields.CharEnumField(description='GOODS: goods\nFRESH: fresh\nPROCESSED_FOOD: processed_food\nCRAFT: craft\nKNIFE: knife\nVOUCHER: voucher', enum_type=ProductClass, max_length=16)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'category', 'app': 'longchuan', 'constraints': [CheckConstraint(check='depth BETWEEN 1 AND 3 AND (depth = 1) = (parent_id IS NULL) AND (depth = 3) = (root_id IS NOT NULL)', name='category_depth')], 'pk_attr': 'id', 'table_description': "A node of the county's tree of at most three levels. ``root`` is the grandparent of a node of the third level."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CategoryRequirement',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('category', fields.ForeignKeyField('longchuan.Category', source_field='category_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharEnumField(description='MERCHANT_PAPER: merchant_paper\nCERTIFICATE: certificate', enum_type=RequirementKind, max_length=16)),
                ('any_of', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('effective_from', fields.DateField()),
                ('effective_until', fields.DateField(null=True)),
                ('source_document', fields.CharField(max_length=200)),
                ('entered_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('entered_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'category_requirement', 'app': 'longchuan', 'constraints': [CheckConstraint(check='effective_until IS NULL OR effective_until >= effective_from', name='category_requirement_span')], 'pk_attr': 'id', 'table_description': 'One of these papers must be valid on the day of every listing and every sale, in this category and below it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='KnifeFacts',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('sku', fields.ForeignKeyField('longchuan.Sku', source_field='sku_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('form', fields.CharEnumField(description='KITCHEN: kitchen\nTOOL: tool\nCRAFT: craft\nSCRAPER: scraper\nLONG: long', enum_type=KnifeForm, max_length=10)),
                ('blade_mm', fields.IntField()),
                ('tip_degrees', fields.IntField()),
                ('tip_radius_um', fields.IntField()),
                ('sharpened', fields.BooleanField()),
                ('has_groove', fields.BooleanField()),
                ('has_guard', fields.BooleanField()),
                ('has_lock', fields.BooleanField()),
                ('allowed', fields.BooleanField()),
                ('reviewed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('reviewed_by', fields.CharField(null=True, max_length=120)),
                ('review_document', fields.CharField(null=True, max_length=60)),
            ],
            options={'table': 'knife_facts', 'app': 'longchuan', 'constraints': [UniqueConstraint(fields=('sku_id',), name='knife_facts_once'), CheckConstraint(check='blade_mm BETWEEN 1 AND 2000 AND tip_degrees BETWEEN 1 AND 180 AND tip_radius_um BETWEEN 0 AND 100000', name='knife_facts_measures'), CheckConstraint(check='allowed OR reviewed_at IS NULL', name='knife_facts_reviewed_is_allowed'), CheckConstraint(check='(reviewed_at IS NULL) = (review_document IS NULL)', name='knife_facts_review_document')], 'pk_attr': 'id', 'table_description': 'What decides whether a blade may be sold here (domain reference 5), and who has looked at it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ListingDecision',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('product', fields.ForeignKeyField('longchuan.Product', source_field='product_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='DRAFT: draft\nIN_REVIEW: in_review\nLISTED: listed\nDELISTED: delisted', enum_type=ProductState, max_length=10)),
                ('decided_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_by', fields.CharField(max_length=120)),
                ('reason', fields.CharField(null=True, max_length=200)),
            ],
            options={'table': 'listing_decision', 'app': 'longchuan', 'pk_attr': 'id', 'table_description': 'One step of a product on its way to the shelf and off it. Rows are only ever added.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PriceChange',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('sku', fields.ForeignKeyField('longchuan.Sku', source_field='sku_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('old_price_fen', fields.BigIntField()),
                ('new_price_fen', fields.BigIntField()),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'price_change', 'app': 'longchuan', 'pk_attr': 'id', 'table_description': 'A price that was changed. Rows are only ever added.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ProductCertificate',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('product', fields.ForeignKeyField('longchuan.Product', source_field='product_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharEnumField(description='COMMITMENT: commitment\nQUARANTINE: quarantine\nTEST_REPORT: test_report\nGREEN_FOOD: green_food\nORGANIC: organic\nGEOGRAPHICAL: geographical', enum_type=CertificateKind, max_length=16)),
                ('document', fields.CharField(max_length=60)),
                ('issuer', fields.CharField(max_length=60)),
                ('issued_on', fields.DateField()),
                ('valid_from', fields.DateField()),
                ('valid_until', fields.DateField()),
                ('picture', fields.CharField(default='', max_length=40)),
                ('state', fields.CharEnumField(default=CertificateState.SUBMITTED, description='SUBMITTED: submitted\nACCEPTED: accepted\nREFUSED: refused\nREVOKED: revoked', enum_type=CertificateState, max_length=10)),
            ],
            options={'table': 'product_certificate', 'app': 'longchuan', 'constraints': [CheckConstraint(check='valid_until >= valid_from', name='product_certificate_span'), UniqueConstraint(fields=('product_id', 'kind', 'document'), name='product_certificate_once', condition="state IN ('submitted', 'accepted')")], 'indexes': [Index(fields=['state', 'valid_until', 'id'], name='product_certificate_by_end')], 'pk_attr': 'id', 'table_description': "One certificate of one product; but for its state nothing in it changes. ``picture`` is a picture's number."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CertificateReview',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('certificate', fields.ForeignKeyField('longchuan.ProductCertificate', source_field='certificate_id', db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='SUBMITTED: submitted\nACCEPTED: accepted\nREFUSED: refused\nREVOKED: revoked', enum_type=CertificateState, max_length=10)),
                ('reviewed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('reviewed_by', fields.CharField(max_length=120)),
                ('reason', fields.CharField(null=True, max_length=200)),
            ],
            options={'table': 'certificate_review', 'app': 'longchuan', 'constraints': [CheckConstraint(check="state NOT IN ('refused', 'revoked') OR reason IS NOT NULL", name='certificate_review_reason')], 'pk_attr': 'id', 'table_description': 'One step of a certificate: what it came to, when, by whom and why. Rows are only ever added.'},
            bases=['Model'],
        ),
        ops.AlterModelOptions(
            name='Product',
            options={'table': 'product', 'app': 'longchuan', 'constraints': [CheckConstraint(check='host_commission_bp BETWEEN 0 AND 5000', name='product_commission'), CheckConstraint(check="state <> 'listed' OR listed_at IS NOT NULL", name='product_listed_at'), CheckConstraint(check="state <> 'listed' OR category_id IS NOT NULL", name='product_listed_in_category')], 'indexes': [Index(fields=['state', 'listed_at', 'id'], name='product_shelf')], 'pk_attr': 'id', 'table_description': "Something a merchant offers, in a leaf of the county's tree. The SKUs carry the prices."},
        ),
        ops.AlterField(
            model_name='Product',
            name='return_policy',
            field=fields.CharEnumField(description='SEVEN_DAYS: seven_days\nSEVEN_DAYS_UNOPENED: seven_days_unopened\nNONE_ACTIVATED: none_activated\nNONE_NEAR_EXPIRY: none_near_expiry\nNONE_FRESH: none_fresh\nNONE_CUSTOM: none_custom\nVOUCHER: voucher', enum_type=ReturnPolicy, max_length=24),
        ),
        ops.AddField(
            model_name='Product',
            name='axes',
            field=fields.JSONField(default=[], encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='Product',
            name='category',
            field=fields.ForeignKeyField('longchuan.Category', source_field='category_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Product',
            name='pictures',
            field=fields.JSONField(default=[], encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddConstraint(
            model_name='Product',
            constraint=CheckConstraint(check="state <> 'listed' OR category_id IS NOT NULL", name='product_listed_in_category'),
        ),
        ops.AddField(
            model_name='Sku',
            name='options',
            field=fields.JSONField(default=[], encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='Sku',
            name='return_policy',
            field=fields.CharEnumField(null=True, description='SEVEN_DAYS: seven_days\nSEVEN_DAYS_UNOPENED: seven_days_unopened\nNONE_ACTIVATED: none_activated\nNONE_NEAR_EXPIRY: none_near_expiry\nNONE_FRESH: none_fresh\nNONE_CUSTOM: none_custom\nVOUCHER: voucher', enum_type=ReturnPolicy, max_length=24),
        ),
    ]
