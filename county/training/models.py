"""Classes and who came, incubatees and their shops, staff of sites. Who somebody is stands sealed in one table."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class ClassKind(StrEnum):
    """For everybody (普及), or of a trade (专业技能), which counts among the former too (domain reference T07, T08)."""

    GENERAL = "general"
    SKILLED = "skilled"


class ClassTrack(StrEnum):
    """For whom a class is, as the plan lists six groups (domain reference R01)."""

    GOVERNMENT = "government"
    ENTERPRISES = "enterprises"
    LEARNERS = "learners"
    FOUNDERS = "founders"
    STATIONS = "stations"
    VILLAGERS = "villagers"


class ClassForm(StrEnum):
    """How it is taught (domain reference R04)."""

    CLASSROOM = "classroom"
    ON_SITE = "on_site"
    EXCURSION = "excursion"
    PRACTICE = "practice"
    ONLINE_TOO = "online_too"


class SyllabusStep(StrEnum):
    """Of the plan's four: sort goods, stock them, put them online, open a shop (domain reference R03)."""

    SORT = "sort"
    STOCK = "stock"
    LIST = "list"
    OPEN = "open"


class ClassPaperKind(StrEnum):
    """What the archive of a class consists of (domain reference R06); one of each makes it whole."""

    PLAN = "plan"
    SIGN_IN = "sign_in"
    PHOTOS = "photos"
    MATERIALS = "materials"
    QUESTIONNAIRE = "questionnaire"
    INVOICE = "invoice"


class MilestoneKind(StrEnum):
    """How far an incubatee has come, each from a day on."""

    ADMITTED = "admitted"
    TRAINED = "trained"
    SHOP_OPENED = "shop_opened"
    FIRST_SALE = "first_sale"
    GRADUATED = "graduated"


class ProjectPerson(Model):
    """Somebody who was trained, is incubated or works at a site. One identity paper is one person.

    The index is this table's own, so that it equals no index of the household's register.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    name_cipher = fields.BinaryField()
    id_number_cipher = fields.BinaryField()
    id_number_index = fields.BinaryField()
    phone_cipher = fields.BinaryField(null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    erased_at = fields.DatetimeField(null=True)

    class Meta:
        table = "project_person"
        constraints = (UniqueConstraint(fields=("id_number_index",), name="project_person_once"),)


class TrainingClass(Model):
    """A class as it was planned. ``hours`` are of teaching; ``fund_line`` is the number of the line that pays."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    title = fields.CharField(max_length=120)
    kind = fields.CharEnumField(ClassKind, max_length=8)
    track = fields.CharEnumField(ClassTrack, max_length=12)
    form = fields.CharEnumField(ClassForm, max_length=12)
    steps: fields.Field[list[str]] = fields.JSONField()
    division = fields.CharField(max_length=12)
    site = fields.CharField(max_length=24, null=True)
    begins_on = fields.DateField()
    ends_on = fields.DateField()
    hours = fields.SmallIntField()
    trainer = fields.CharField(max_length=60)
    planned_persons = fields.IntField()
    fund_line = fields.CharField(max_length=32, null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "training_class"
        constraints = (
            CheckConstraint(
                check="ends_on >= begins_on AND hours > 0 AND planned_persons > 0", name="training_class_days"
            ),
        )


class ClassPaper(Model):
    """A paper of a class's archive: its name and the SHA-256 of its file, in hexadecimal. Only added.

    ``evidence`` is the number of the file where it was handed in; without one it lies elsewhere.
    """

    id = fields.BigIntField(primary_key=True)
    training_class: fields.ForeignKeyRelation[TrainingClass] = fields.ForeignKeyField(
        "longchuan.TrainingClass", related_name=False, on_delete=OnDelete.RESTRICT
    )
    kind = fields.CharEnumField(ClassPaperKind, max_length=13)
    name = fields.CharField(max_length=120)
    sha256 = fields.CharField(max_length=64)
    evidence = fields.CharField(max_length=26, null=True, db_index=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "class_paper"
        unique_together = (("training_class_id", "kind", "sha256"),)


class TrainingAttendance(Model):
    """That a person came to a class: one person-time. ``is_satisfied`` is the questionnaire's answer, given once."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    training_class: fields.ForeignKeyRelation[TrainingClass] = fields.ForeignKeyField(
        "longchuan.TrainingClass", related_name=False, on_delete=OnDelete.RESTRICT
    )
    person: fields.ForeignKeyRelation[ProjectPerson] = fields.ForeignKeyField(
        "longchuan.ProjectPerson", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    is_satisfied = fields.BooleanField(null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "training_attendance"
        unique_together = (("training_class_id", "person_id"),)


class TrainingFollowUp(Model):
    """What had become of it when somebody asked after so many days (domain reference R05); ``step`` is 1, 2 or 3."""

    id = fields.BigIntField(primary_key=True)
    attendance: fields.ForeignKeyRelation[TrainingAttendance] = fields.ForeignKeyField(
        "longchuan.TrainingAttendance", related_name=False, on_delete=OnDelete.RESTRICT
    )
    step = fields.SmallIntField()
    done_on = fields.DateField()
    has_shop = fields.BooleanField()
    has_sold = fields.BooleanField()
    has_job = fields.BooleanField()
    monthly_sales_fen = fields.BigIntField(null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "training_follow_up"
        unique_together = (("attendance_id", "step"),)
        constraints = (
            CheckConstraint(check="step IN (1, 2, 3) AND monthly_sales_fen >= 0", name="training_follow_up_step"),
        )


class Incubatee(Model):
    """A person who founds something with the project's help; each person once (domain reference T10)."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    person: fields.OneToOneRelation[ProjectPerson] = fields.OneToOneField(
        "longchuan.ProjectPerson", related_name=False, on_delete=OnDelete.RESTRICT
    )
    plan = fields.CharField(max_length=200)
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "incubatee"


class IncubateeMilestone(Model):
    """That an incubatee reached something on a day, by a paper. Only added, each kind once."""

    id = fields.BigIntField(primary_key=True)
    incubatee: fields.ForeignKeyRelation[Incubatee] = fields.ForeignKeyField(
        "longchuan.Incubatee", related_name=False, on_delete=OnDelete.RESTRICT
    )
    kind = fields.CharEnumField(MilestoneKind, max_length=12)
    reached_on = fields.DateField()
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "incubatee_milestone"
        unique_together = (("incubatee_id", "kind"),)


class IncubatedShop(Model):
    """An online shop that a person opened (domain reference T11). Its first paid order is its proof, entered once."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    person: fields.ForeignKeyRelation[ProjectPerson] = fields.ForeignKeyField(
        "longchuan.ProjectPerson", related_name=False, on_delete=OnDelete.RESTRICT
    )
    platform = fields.CharField(max_length=60)
    name = fields.CharField(max_length=60)
    web_address = fields.CharField(max_length=200, unique=True)
    opened_on = fields.DateField()
    first_order = fields.CharField(max_length=64, null=True)
    first_paid_on = fields.DateField(null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    proved_by = fields.CharField(max_length=60, null=True)
    proved_at = fields.DatetimeField(null=True)

    class Meta:
        table = "incubated_shop"
        unique_together = (("platform", "first_order"),)
        constraints = (
            CheckConstraint(
                check="num_nonnulls(first_order, first_paid_on, proved_by, proved_at) IN (0, 4)"
                " AND first_paid_on >= opened_on",
                name="incubated_shop_proved_whole",
            ),
        )


class SiteEmployment(Model):
    """That a person works at a site of service or logistics, from a day on until before ``valid_until``.

    Spans of one person at one site never overlap; at two sites it is one person still (domain reference T12).
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    person: fields.ForeignKeyRelation[ProjectPerson] = fields.ForeignKeyField(
        "longchuan.ProjectPerson", related_name=False, on_delete=OnDelete.RESTRICT
    )
    site = fields.CharField(max_length=24)
    post = fields.CharField(max_length=60)
    document = fields.CharField(max_length=120)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "site_employment"
        indexes = (Index(fields=("site",), name="site_employment_site"),)
        constraints = (
            CheckConstraint(
                check="num_nonnulls(valid_until, ended_by, ended_at) IN (0, 3) AND valid_until > valid_from",
                name="site_employment_span",
            ),
        )
