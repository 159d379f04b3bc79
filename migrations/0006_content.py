from tortoise import migrations
from tortoise.migrations import operations as ops
from content.models import PictureState
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('longchuan', '0005_merchants')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Picture',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.CharField(unique=True, max_length=26)),
                ('stem', fields.CharField(unique=True, max_length=60)),
                ('base_url', fields.CharField(max_length=200)),
                ('uploader', fields.CharField(max_length=120)),
                ('openid', fields.CharField(null=True, max_length=64)),
                ('purpose', fields.CharField(max_length=20)),
                ('state', fields.CharEnumField(description='INCOMING: incoming\nHELD: held\nIN_REVIEW: in_review\nPASSED: passed\nREFUSED: refused\nDROPPED: dropped', enum_type=PictureState, max_length=10)),
                ('sha256', fields.BinaryField()),
                ('width', fields.IntField()),
                ('height', fields.IntField()),
                ('owner', fields.CharField(null=True, max_length=64)),
                ('position', fields.SmallIntField(null=True)),
                ('uploaded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('attached_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('check_attempts', fields.SmallIntField(default=0)),
                ('next_check_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('trace_id', fields.CharField(null=True, unique=True, max_length=64)),
                ('label', fields.CharField(default='', max_length=60)),
                ('judged_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('judged_by', fields.CharField(null=True, max_length=120)),
                ('reason', fields.CharField(null=True, max_length=200)),
                ('files_deleted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'picture', 'app': 'longchuan', 'constraints': [UniqueConstraint(fields=('uploader', 'purpose', 'sha256'), name='picture_same_bytes_once', condition="attached_at IS NULL AND state NOT IN ('incoming', 'dropped')"), CheckConstraint(check='width > 0 AND height > 0', name='picture_size'), CheckConstraint(check='owner IS NULL OR attached_at IS NOT NULL', name='picture_attached')], 'indexes': [Index(fields=['owner', 'position'], name='picture_of_owner'), Index(fields=['uploader', 'uploaded_at'], name='picture_of_uploader')], 'pk_attr': 'id', 'table_description': 'One picture that was handed in, as it was encoded anew.'},
            bases=['Model'],
        ),
    ]
