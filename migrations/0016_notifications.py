from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from messages.models import MessageMoment, MessageState
from scans.models import ScanPlace
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0015_services')]

    initial = False

    operations = [
        ops.CreateModel(
            name='MessageConsent',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('openid', fields.CharField(max_length=64)),
                ('template', fields.CharField(max_length=64)),
                ('left', fields.IntField()),
            ],
            options={'table': 'message_consent', 'app': 'longchuan', 'unique_together': (('openid', 'template'),), 'constraints': [CheckConstraint(check='"left" BETWEEN 0 AND 100', name='message_consent_left')], 'pk_attr': 'id', 'table_description': 'How many messages of a template a person has agreed to and not had yet: one accept is one message.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MessageTemplate',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('moment', fields.CharEnumField(unique=True, description='ORDER_SHIPPED: order_shipped\nREFUND_ARRIVED: refund_arrived\nORDER_EXPIRING: order_expiring\nCOUPON_EXPIRING: coupon_expiring', enum_type=MessageMoment, max_length=20)),
                ('template', fields.CharField(max_length=64)),
                ('page', fields.CharField(max_length=120)),
                ('fields_by_name', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('active', fields.BooleanField()),
                ('set_by', fields.CharField(max_length=120)),
                ('set_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'message_template', 'app': 'longchuan', 'pk_attr': 'id', 'table_description': "Which template of WeChat's tells of a moment. ``fields_by_name`` maps its fields (``thing1``) to our values."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ScanCode',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(unique=True, max_length=20)),
                ('place', fields.CharEnumField(description='SHELF: shelf\nLABEL: label\nLIVE_SCREEN: live_screen', enum_type=ScanPlace, max_length=12)),
                ('note', fields.CharField(max_length=60)),
                ('product', fields.CharField(max_length=40)),
                ('merchant', fields.CharField(max_length=32)),
                ('made_by', fields.CharField(max_length=120)),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('retired_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'scan_code', 'app': 'longchuan', 'constraints': [CheckConstraint(check="code ~ '^[0-9A-Z]{16}$'", name='scan_code_shape')], 'indexes': [Index(fields=['merchant', 'id'], name='scan_code_of_merchant')], 'pk_attr': 'id', 'table_description': 'One printed code. ``code`` is all that is in it, and the scene of the mini-program code: a key, never data.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SubscribeMessage',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('moment', fields.CharEnumField(description='ORDER_SHIPPED: order_shipped\nREFUND_ARRIVED: refund_arrived\nORDER_EXPIRING: order_expiring\nCOUPON_EXPIRING: coupon_expiring', enum_type=MessageMoment, max_length=20)),
                ('reference', fields.CharField(max_length=64)),
                ('openid', fields.CharField(max_length=64)),
                ('contents', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('state', fields.CharEnumField(description='WAITING: waiting\nSENDING: sending\nSENT: sent\nUNWANTED: unwanted\nREFUSED: refused\nUNKNOWN: unknown', enum_type=MessageState, max_length=10)),
                ('attempts', fields.SmallIntField(default=0)),
                ('next_attempt_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('errcode', fields.IntField(null=True)),
                ('noted_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('sent_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'subscribe_message', 'app': 'longchuan', 'unique_together': (('moment', 'reference'),), 'pk_attr': 'id', 'table_description': "One message, once for a moment and a reference. ``contents`` are our values, before WeChat's limits."},
            bases=['Model'],
        ),
    ]
