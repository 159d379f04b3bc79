from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from promotions.models import CampaignState, CouponState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0003_logistics')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CouponCampaign',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('merchant', fields.CharField(null=True, max_length=32)),
                ('title', fields.CharField(max_length=60)),
                ('threshold_fen', fields.BigIntField()),
                ('off_fen', fields.BigIntField(default=0)),
                ('off_bp', fields.IntField(default=0)),
                ('cap_fen', fields.BigIntField()),
                ('products', fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('quantity', fields.IntField()),
                ('claimed', fields.IntField(default=0)),
                ('per_person', fields.IntField()),
                ('claim_from', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('claim_until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('use_from', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('use_until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('merchant_bears_bp', fields.IntField()),
                ('budget_fen', fields.BigIntField()),
                ('source_document', fields.CharField(max_length=200)),
                ('state', fields.CharEnumField(default=CampaignState.DRAFT, description='DRAFT: draft\nRUNNING: running\nPAUSED: paused\nENDED: ended', enum_type=CampaignState, max_length=10)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_by', fields.CharField(max_length=120)),
                ('moved_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('moved_by', fields.CharField(max_length=120)),
            ],
            options={'table': 'coupon_campaign', 'app': 'longchuan', 'constraints': [CheckConstraint(check='(off_fen BETWEEN 1 AND 100000000 AND off_bp = 0 AND threshold_fen > off_fen AND cap_fen = off_fen) OR (off_fen = 0 AND off_bp BETWEEN 1 AND 9999 AND threshold_fen >= 1 AND cap_fen BETWEEN 1 AND 100000000)', name='coupon_campaign_off'), CheckConstraint(check='threshold_fen <= 100000000', name='coupon_campaign_threshold'), CheckConstraint(check='quantity BETWEEN 1 AND 10000000 AND claimed BETWEEN 0 AND quantity AND per_person BETWEEN 1 AND 20 AND cap_fen * quantity <= budget_fen', name='coupon_campaign_quantity'), CheckConstraint(check='claim_until > claim_from AND use_until > use_from AND use_until >= claim_until', name='coupon_campaign_windows'), CheckConstraint(check='merchant_bears_bp BETWEEN 0 AND 10000 AND (merchant IS NULL OR merchant_bears_bp = 10000)', name='coupon_campaign_bearer')], 'indexes': [Index(fields=['merchant', 'id'], name='coupon_campaign_merchant'), Index(fields=['state', 'id'], name='coupon_campaign_state')], 'pk_attr': 'id', 'table_description': 'Terms under which coupons are given out. They never change once the row exists; only the state does.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Coupon',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=24)),
                ('campaign', fields.ForeignKeyField('longchuan.CouponCampaign', source_field='campaign_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('owner', fields.CharField(max_length=64)),
                ('ordinal', fields.SmallIntField()),
                ('state', fields.CharEnumField(default=CouponState.CLAIMED, description='CLAIMED: claimed\nHELD: held\nSPENT: spent\nEXPIRED: expired\nVOID: void', enum_type=CouponState, max_length=10)),
                ('reference', fields.CharField(null=True, max_length=64)),
                ('use_until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('claimed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('held_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('spent_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('void_reason', fields.CharField(null=True, max_length=200)),
            ],
            options={'table': 'coupon', 'app': 'longchuan', 'constraints': [UniqueConstraint(fields=('campaign_id', 'owner', 'ordinal'), name='coupon_once_each'), CheckConstraint(check="(state IN ('held', 'spent')) = (reference IS NOT NULL)", name='coupon_reference_held')], 'indexes': [Index(fields=['owner', 'id'], name='coupon_owner'), Index(fields=['reference'], name='coupon_reference'), PartialIndex(fields=['use_until'], name='coupon_due', condition={'state': 'claimed'})], 'pk_attr': 'id', 'table_description': 'One coupon of one person; ``owner`` is opaque, ``reference`` is the trade that holds or has spent it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CouponShare',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('coupon', fields.ForeignKeyField('longchuan.Coupon', source_field='coupon_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('reference', fields.CharField(max_length=64)),
                ('line', fields.CharField(max_length=64)),
                ('line_fen', fields.BigIntField()),
                ('discount_fen', fields.BigIntField()),
                ('merchant_fen', fields.BigIntField()),
                ('county_fen', fields.BigIntField()),
                ('net_fen', fields.BigIntField()),
            ],
            options={'table': 'coupon_share', 'app': 'longchuan', 'constraints': [CheckConstraint(check='discount_fen >= 0 AND net_fen >= 0 AND discount_fen + net_fen <= line_fen AND merchant_fen >= 0 AND county_fen >= 0 AND merchant_fen + county_fen = discount_fen', name='coupon_share_amounts'), UniqueConstraint(fields=('coupon_id', 'reference', 'line'), name='coupon_share_once')], 'indexes': [Index(fields=['reference'], name='coupon_share_reference')], 'pk_attr': 'id', 'table_description': 'What one coupon took off one line of one trade, and who bears it. Written at the hold, never changed.'},
            bases=['Model'],
        ),
    ]
