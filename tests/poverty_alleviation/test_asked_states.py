"""A request offers the states that can be asked for, and no other."""

from enum import StrEnum
from typing import get_args, get_type_hints

import pytest

from api_kit.schemas import Input
from console_api.confirming.schemas import DisputeVerdict
from console_api.help.schemas import NeedStepInput
from console_api.office.schemas import AlarmStepInput
from poverty_alleviation.confirming.models import DISPUTE_TRANSITIONS, DisputeState
from poverty_alleviation.help.models import NEED_TRANSITIONS
from poverty_alleviation.office.models import ALARM_TRANSITIONS


@pytest.mark.parametrize(
    ("shape", "moves", "elsewhere"),
    [
        (DisputeVerdict, DISPUTE_TRANSITIONS, {DisputeState.ANSWERED}),  # which has a request of its own
        (NeedStepInput, NEED_TRANSITIONS, set()),
        (AlarmStepInput, ALARM_TRANSITIONS, set()),
    ],
)
def test_only_states_that_something_goes_to_are_offered(
    shape: type[Input], moves: dict[StrEnum, frozenset[StrEnum]], elsewhere: set[StrEnum]
) -> None:
    reached = frozenset[StrEnum]().union(*moves.values())
    assert set(get_args(get_type_hints(shape)["state"])) == reached - elsewhere
