"""What a field cipher promises to the rooms that keep personal data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.field_encryption.cipher import AesGcmFieldCipher, FieldUnreadableError, read_key

KEY = "00" * 31 + "01"
CIPHER = AesGcmFieldCipher.of_one_key(KEY)
PLACE = "household|name|示例01"


@given(st.text(max_size=80), st.text(max_size=40))
def test_what_was_encrypted_comes_back(text: str, place: str) -> None:
    assert CIPHER.decrypt(CIPHER.encrypt(text, place), place) == text


def test_two_encryptions_of_one_name_differ_and_do_not_show_it() -> None:
    first, second = CIPHER.encrypt("示例甲", PLACE), CIPHER.encrypt("示例甲", PLACE)
    assert first != second
    assert "示例甲".encode() not in first


def test_a_value_moved_to_another_row_or_changed_does_not_decrypt() -> None:
    sealed = CIPHER.encrypt("示例甲", PLACE)
    with pytest.raises(FieldUnreadableError):
        CIPHER.decrypt(sealed, "household|name|示例02")
    for position in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[position] ^= 1
        with pytest.raises(FieldUnreadableError):
            CIPHER.decrypt(bytes(damaged), PLACE)
    with pytest.raises(FieldUnreadableError):
        CIPHER.decrypt(sealed[:10], PLACE)


def test_an_old_key_still_reads_after_a_new_one_writes() -> None:
    old, new = read_key(KEY), b"\x02" * 32
    sealed = AesGcmFieldCipher({"k1": old}, old).encrypt("示例甲", PLACE)
    both = AesGcmFieldCipher({"k2": new, "k1": old}, old)
    assert both.decrypt(sealed, PLACE) == "示例甲"
    assert b"k2" in both.encrypt("示例甲", PLACE)[:4]
    assert both.blind_index("c", "x") == CIPHER.blind_index("c", "x")
    with pytest.raises(FieldUnreadableError):
        CIPHER.decrypt(both.encrypt("示例甲", PLACE), PLACE)


def test_the_blind_index_is_equal_for_equal_values_of_one_column_alone() -> None:
    assert CIPHER.blind_index("phone", "100") == CIPHER.blind_index("phone", "100")
    assert CIPHER.blind_index("phone", "100") != CIPHER.blind_index("id_number", "100")


@pytest.mark.parametrize("text", ["", "ab", "zz" * 32, "é" * 43])
def test_a_short_or_strange_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_key(text)
