"""The main job in its short form: 10 jars, 15 buyers, every figure to the fen, and again from the facts alone."""

from scripts.local_stack.stack import LocalStack
from tests.poverty_alleviation.rebuilt import by_the_program
from tests.story.telling import Telling


async def test_a_purchase_in_a_live_session_becomes_a_households_record(system: LocalStack) -> None:
    telling = Telling(system, "--short")
    await telling.begin()
    assert await telling.end() == 0, telling.text
    assert "0 项不符" in telling.text
    code, said = await by_the_program(system.environment)
    assert (code, "逐字节相同" in said) == (0, True), said
