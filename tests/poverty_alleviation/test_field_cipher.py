"""What a ring of keys promises to the rooms that keep personal data."""

from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from integrations.field_encryption.algorithms import ALGORITHMS, SM4GCM, AlgorithmUnavailable, prove
from integrations.field_encryption.cipher import KeyRing, RingKey, read_key
from kit.encryption import FieldUnreadable
from tests.accounts.people import throwaway_cipher

RINGS = {name: throwaway_cipher(algorithm=name) for name in ALGORITHMS}
CIPHER = RINGS["aes-256-gcm"]
PLACE = "household|name|示例01"
of_each_algorithm = pytest.mark.parametrize("ring", RINGS.values(), ids=list(RINGS))


@given(st.text(max_size=80), st.text(max_size=40), st.sampled_from(list(RINGS)))
def test_what_was_encrypted_comes_back(text: str, place: str, algorithm: str) -> None:
    ring = RINGS[algorithm]
    assert ring.decrypt(ring.encrypt(text, place), place) == text


@of_each_algorithm
def test_two_encryptions_of_one_name_differ_and_do_not_show_it(ring: KeyRing) -> None:
    first, second = ring.encrypt("示例甲", PLACE), ring.encrypt("示例甲", PLACE)
    assert first != second
    assert "示例甲".encode() not in first


@of_each_algorithm
def test_a_value_moved_to_another_row_or_changed_does_not_decrypt(ring: KeyRing) -> None:
    """Octets of the head are changed too: version, algorithm, and the key's id."""
    sealed = ring.encrypt("示例甲", PLACE)
    with pytest.raises(FieldUnreadable):
        ring.decrypt(sealed, "household|name|示例02")
    for position in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[position] ^= 1
        with pytest.raises(FieldUnreadable):
            ring.decrypt(bytes(damaged), PLACE)
    for end in range(len(sealed)):
        with pytest.raises(FieldUnreadable):
            ring.decrypt(sealed[:end], PLACE)


def test_the_head_is_bound_to_what_follows_it() -> None:
    """One secret under two names and two algorithms. Fails when the head is left out of the associated data: tried."""
    secret = b"\x07" * 32
    keys = [RingKey("k1", "aes-256-gcm", secret, writes=True), RingKey("k2", "aes-256-gcm", secret, writes=False)]
    ring = KeyRing(keys, b"\x11" * 32)
    sealed = ring.encrypt("示例甲", PLACE)
    assert sealed[:5] == bytes((2, 1, 2)) + b"k1"
    with pytest.raises(FieldUnreadable):
        ring.decrypt(sealed[:3] + b"k2" + sealed[5:], PLACE)
    with pytest.raises(FieldUnreadable, match="key_unknown"):
        ring.decrypt(bytes((2, 2)) + sealed[2:], PLACE)


def test_an_old_key_still_reads_after_a_new_one_writes() -> None:
    old, both = throwaway_cipher("k1"), throwaway_cipher("k2", "k1")
    assert both.decrypt(old.encrypt("示例甲", PLACE), PLACE) == "示例甲"
    assert both.writing_key == "k2"
    assert both.blind_index("c", "x") == old.blind_index("c", "x")
    with pytest.raises(FieldUnreadable):
        old.decrypt(both.encrypt("示例甲", PLACE), PLACE)


def test_the_blind_index_is_equal_for_equal_values_of_one_column_alone() -> None:
    assert CIPHER.blind_index("phone", "100") == CIPHER.blind_index("phone", "100")
    assert CIPHER.blind_index("phone", "100") != CIPHER.blind_index("id_number", "100")
    other = KeyRing([RingKey("k1", "aes-256-gcm", b"k1".ljust(32, b"."), writes=True)], b"\x12" * 32)
    assert other.blind_index("phone", "100") != CIPHER.blind_index("phone", "100")


@pytest.mark.parametrize("text", ["99999919900101001X", " 99999919900101001x ", "９９９９９９１９９００１０１００１ｘ"])
def test_the_blind_index_finds_a_number_however_it_is_written(text: str) -> None:
    """Fails when the value is not normalised: tried."""
    assert CIPHER.blind_index("id_number", text) == CIPHER.blind_index("id_number", "99999919900101001X")


def test_sm4_gcm_gives_the_answer_of_rfc_8998() -> None:
    """Appendix A.1; and a wrong tag opens nothing."""
    known = ALGORITHMS["sm4-gcm"].known
    nonce, associated = bytes.fromhex(known.nonce), bytes.fromhex(known.associated)
    sealed = SM4GCM(bytes.fromhex(known.key)).encrypt(nonce, bytes.fromhex(known.text), associated)
    assert sealed.hex() == known.sealed
    with pytest.raises(InvalidTag):
        SM4GCM(bytes.fromhex(known.key)).decrypt(nonce, sealed[:-1] + b"\x00", associated)


def _missing(key: bytes) -> AESGCM:
    raise UnsupportedAlgorithm("sm4")


def test_an_algorithm_that_is_missing_or_answers_wrongly_seals_nothing() -> None:
    sm4 = ALGORITHMS["sm4-gcm"]
    with pytest.raises(AlgorithmUnavailable, match="FIELD_KEYS names sm4-gcm, which the OpenSSL"):
        prove(replace(sm4, of_key=_missing))
    with pytest.raises(AlgorithmUnavailable, match="does not give its published answer"):
        prove(replace(sm4, of_key=AESGCM))


@pytest.mark.parametrize("text", ["", "ab", "zz" * 32, "é" * 43])
def test_a_short_or_strange_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_key(text)
