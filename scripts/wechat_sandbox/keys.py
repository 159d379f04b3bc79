"""Keys and signatures: the merchant's public key, WeChat's own key, platform certificates, AES-256-GCM."""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from scripts.wechat_sandbox.state import Book, Store


class SigningKey(msgspec.Struct, frozen=True):
    """A private key with the serial that ``Wechatpay-Serial`` carries."""

    serial: str
    private_key: object

    def sign(self, message: bytes) -> str:
        """RSA-SHA256 with PKCS#1 v1.5 padding, base64."""
        private_key = cast(rsa.RSAPrivateKey, self.private_key)
        return base64.b64encode(private_key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


class PlatformCertificate(msgspec.Struct, kw_only=True):
    """A platform certificate of the older mode, kept with its private key (both PEM)."""

    serial: str
    certificate_pem: str
    private_key_pem: str
    effective_at: datetime
    expires_at: datetime


class Keys:
    """Every key of the sandbox. Certificates survive a restart; the newest one signs."""

    def __init__(
        self,
        store: Store,
        *,
        merchant_public_key: Path,
        private_key: Path,
        public_key_id: str,
        apiv3_key: str,
    ) -> None:
        public = serialization.load_pem_public_key(merchant_public_key.read_bytes())
        private = serialization.load_pem_private_key(private_key.read_bytes(), password=None)
        if not isinstance(public, rsa.RSAPublicKey) or not isinstance(private, rsa.RSAPrivateKey):
            raise SystemExit("wechat_sandbox: both key files must hold RSA keys")
        self._merchant = public
        self._public_key_mode = SigningKey(public_key_id, private)
        self._stranger = SigningKey(public_key_id, rsa.generate_private_key(public_exponent=65537, key_size=2048))
        self._apiv3_key = apiv3_key.encode()
        self._certificates: Book[PlatformCertificate] = Book(store, "certificates", PlatformCertificate)
        self._loaded: dict[str, SigningKey] = {}

    def merchant_has_signed(self, message: bytes, signature: str) -> bool:
        """Whether the merchant's private key made this base64 signature over exactly these bytes."""
        try:
            raw = base64.b64decode(signature, validate=True)
            self._merchant.verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    @property
    def public_key_id(self) -> str:
        """The serial of the public-key mode."""
        return self._public_key_mode.serial

    def by_public_key(self) -> SigningKey:
        """WeChat's key of the public-key mode."""
        return self._public_key_mode

    def by_certificate(self) -> SigningKey:
        """The key of the newest platform certificate; the first one is made when it is first needed."""
        newest = self.certificates()[-1]
        if newest.serial not in self._loaded:
            key = serialization.load_pem_private_key(newest.private_key_pem.encode(), password=None)
            self._loaded[newest.serial] = SigningKey(newest.serial, key)
        return self._loaded[newest.serial]

    def stranger(self) -> SigningKey:
        """A key that is not WeChat's under WeChat's serial, for forgeries."""
        return self._stranger

    def certificates(self) -> list[PlatformCertificate]:
        """All platform certificates, oldest first; never empty."""
        if not len(self._certificates):
            self.add_certificate()
        return sorted(self._certificates, key=lambda certificate: certificate.effective_at)

    def add_certificate(self) -> PlatformCertificate:
        """Make a new platform certificate; from now on it signs, and the older ones stay listed."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        # Twenty bytes whose first is not small give the 40 hexadecimal digits of a real serial.
        number = int.from_bytes(b"\x5a" + secrets.token_bytes(19), "big")
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox of Tenpay.com sign certificate")])
        begin = datetime.now(UTC) - timedelta(minutes=1)
        end = begin + timedelta(days=5 * 365)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(number)
            .not_valid_before(begin)
            .not_valid_after(end)
            .sign(key, hashes.SHA256())
        )
        serial = f"{number:X}"
        return self._certificates.put(
            serial,
            PlatformCertificate(
                serial=serial,
                certificate_pem=certificate.public_bytes(serialization.Encoding.PEM).decode(),
                private_key_pem=key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                ).decode(),
                effective_at=datetime.now(UTC),
                expires_at=end,
            ),
        )

    def seal_for_merchant(self, text: str) -> str:
        """A text that the merchant's private key alone opens: RSA-OAEP with SHA-1, base64."""
        oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
        return base64.b64encode(self._merchant.encrypt(text.encode(), oaep)).decode()

    def open_for_wechat(self, text: str) -> str:
        """A sensitive field that the merchant encrypted with our public key. ValueError when it does not open."""
        private_key = cast(rsa.RSAPrivateKey, self._public_key_mode.private_key)
        oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
        return private_key.decrypt(base64.b64decode(text, validate=True), oaep).decode()

    def encrypt(self, plaintext: bytes, associated_data: str) -> dict[str, str]:
        """AEAD_AES_256_GCM under the APIv3 key.

        Ciphertext with the tag as its last 16 bytes, and a 12-byte nonce.
        """
        nonce = secrets.token_hex(6)
        sealed = AESGCM(self._apiv3_key).encrypt(nonce.encode(), plaintext, associated_data.encode())
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": associated_data,
            "nonce": nonce,
        }


def signature_headers(key: SigningKey, body: bytes, *, timestamp: int, nonce: str) -> dict[str, str]:
    """The four ``Wechatpay-`` headers over a body (wechat reference 2.2)."""
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    return {
        "Wechatpay-Serial": key.serial,
        "Wechatpay-Timestamp": str(timestamp),
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": key.sign(message),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }
