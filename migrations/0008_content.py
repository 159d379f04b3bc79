from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from content.models import TextState
from json import dumps, loads
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0007_catalogue')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ContentKeyword',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('word', fields.CharField(unique=True, max_length=40)),
                ('added_by', fields.CharField(max_length=120)),
                ('added_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'content_keyword', 'app': 'longchuan', 'pk_attr': 'id', 'table_description': 'A word that sends a text to a person, as the filter sees it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ContentText',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=26)),
                ('subject', fields.CharField(unique=True, max_length=64)),
                ('text', fields.TextField(unique=False)),
                ('openid', fields.CharField(null=True, max_length=64)),
                ('scene', fields.SmallIntField()),
                ('state', fields.CharEnumField(description='HELD: held\nIN_REVIEW: in_review\nPASSED: passed\nREFUSED: refused', enum_type=TextState, max_length=10)),
                ('held_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('check_attempts', fields.SmallIntField(default=0)),
                ('next_check_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('label', fields.CharField(default='', max_length=60)),
                ('judged_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('judged_by', fields.CharField(null=True, max_length=120)),
                ('reason', fields.CharField(null=True, max_length=200)),
            ],
            options={'table': 'content_text', 'app': 'longchuan', 'constraints': [CheckConstraint(check='char_length(text) BETWEEN 1 AND 2000', name='content_text_length')], 'pk_attr': 'id', 'table_description': "A text that somebody wrote, under what it belongs to. ``openid`` is the author's, null for staff."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PushedEvent',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=64)),
                ('sender', fields.CharField(max_length=64)),
                ('kind', fields.CharField(max_length=40)),
                ('event', fields.CharField(max_length=60)),
                ('subject', fields.CharField(max_length=80)),
                ('members', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('received_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'pushed_event', 'app': 'longchuan', 'indexes': [Index(fields=['event', 'subject'], name='pushed_event_subject')], 'pk_attr': 'id', 'table_description': 'One event or message that WeChat has pushed, once however often it came.'},
            bases=['Model'],
        ),
    ]
