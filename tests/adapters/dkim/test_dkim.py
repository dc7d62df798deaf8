"""DKIM: what we sign verifies by dkimpy's own verifier, and nothing covered can be changed or added to."""

from __future__ import annotations

import re
from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_dkim import CannotSign, DkimSigner, SigningKey

from migma_core import Scalar, mime_messages
from migma_core.message.certificate import certify_mime
from migma_core.ports import Signer
from tests.support.batches import NOW, batch_for, compiled_for
from tests.support.texts import header_texts, texts

DOMAIN, SELECTOR = "acme.example.com", "s2026"
VALUES = st.fixed_dictionaries({"name": header_texts(), "x": texts()})
SLOW = settings(max_examples=25)  # each example signs and verifies with RSA


@cache
def key() -> SigningKey:
    """One key for all tests."""
    return SigningKey.generate()


def signer() -> Signer:
    """Signs for the domain of our samples."""
    return DkimSigner(DOMAIN, SELECTOR, key())


def verifies(octets: bytes) -> bool:
    """Ask dkimpy, with a name server of our own."""

    def record(name: bytes, timeout: int = 5) -> bytes:
        assert name == f"{SELECTOR}._domainkey.{DOMAIN}.".encode()
        return key().dns_record.encode()

    return bool(dkim.verify(octets, dnsfunc=record))


def mail(its: dict[str, Scalar] | None = None, *, marketing: bool = True) -> bytes:
    """A message of ours."""
    compiled = compiled_for("For {{name}}", "<p>{{x}}</p>", "{{x}}\n\n", transactional=not marketing)
    return mime_messages(batch_for(compiled, [its or {"name": "Ada"}]))[0]


@SLOW
@given(its=VALUES, marketing=st.booleans())
def test_whatever_we_write_verifies(its: dict[str, Scalar], marketing: bool) -> None:
    """Hostile values, marketing and transactional: the signature holds, and the message stands behind it unchanged."""
    octets = mail(its, marketing=marketing)
    signed = signer().sign(octets)
    assert verifies(signed)
    assert signed.endswith(octets)
    assert signer().sign(octets) == signed


@pytest.mark.parametrize(
    "name",
    [
        *("From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To"),
        *("List-Unsubscribe", "List-Unsubscribe-Post", "List-ID"),
    ],
)
@pytest.mark.parametrize("in_front", [True, False])
def test_an_added_copy_of_a_guarded_header_breaks_the_signature(name: str, in_front: bool) -> None:
    """Before or after the one that is there, or where there was none (RFC 6376 §8.15; C-09)."""
    signed = signer().sign(mail())
    added = f"{name}: x@example.com\r\n".encode()
    forged = added + signed if in_front else signed.replace(b"\r\n\r\n", b"\r\n" + added + b"\r\n", 1)
    assert not verifies(forged)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"List-Unsubscribe: <https", b"List-Unsubscribe: <http"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"Feedback-ID: all", b"Feedback-ID: one"),
        (b"To: person0", b"To: person1"),
        (b"Subject: For", b"Subject: To"),
        (b"Acme Ltd", b"Bcme Ltd"),
        (b"12:00:00 +0000", b"12:00:01 +0000"),
    ],
)
def test_a_change_of_what_is_covered_breaks_the_signature(old: bytes, new: bytes) -> None:
    """Both one-click headers, the other headers that matter and every octet of the body are covered (RFC 8058 §4)."""
    signed = signer().sign(mail())
    assert old in signed
    assert not verifies(signed.replace(old, new))


@SLOW
@given(st.data())
def test_any_other_octet_of_the_body_breaks_it(data: st.DataObject) -> None:
    """Wherever a visible octet of the body is changed, the signature no longer holds."""
    signed = signer().sign(mail())
    start = signed.index(b"\r\n\r\n") + 4
    visible = [at for at in range(start, len(signed)) if signed[at : at + 1] not in b" \t\r\n"]
    at = data.draw(st.sampled_from(visible))
    other = b"x" if signed[at : at + 1] != b"x" else b"y"
    assert not verifies(signed[:at] + other + signed[at + 1 :])


def test_what_relays_do_does_not_break_it() -> None:
    """Headers that are put in front on the way, and blanks folded anew, leave the signature whole."""
    signed = signer().sign(mail())
    received = b"Received: from a.example by b.example; Fri, 1 May 2026 12:00:01 +0000\r\n"
    assert verifies(received + b"Authentication-Results: b.example; dkim=pass\r\n" + signed)
    assert verifies(signed.replace(b"Subject: For ", b"Subject:   For  ", 1) + b"\r\n\r\n")


def test_the_signature_says_what_it_should() -> None:
    """rsa-sha256, relaxed twice, our domain and selector, the time of the message, and no length (RFC 6376 §8.2)."""
    field = signer().sign(mail()).partition(b"\r\nFrom:")[0]
    tags = dict(one.strip().split(b"=", 1) for one in re.sub(rb"\s+", b"", field.partition(b":")[2]).split(b";"))
    assert (tags[b"a"], tags[b"c"], tags[b"d"]) == (b"rsa-sha256", b"relaxed/relaxed", DOMAIN.encode())
    assert (tags[b"s"], int(tags[b"t"])) == (SELECTOR.encode(), int(NOW.timestamp()))
    assert b"l" not in tags
    named = tags[b"h"].split(b":")
    assert named.count(b"list-unsubscribe") == named.count(b"list-unsubscribe-post") == 2


def test_a_signed_mail_keeps_its_certificate() -> None:
    """Signing takes nothing away from what the law and the mailbox providers ask for."""
    batch = batch_for(compiled_for())
    assert certify_mime(signer().sign(mime_messages(batch)[0]), batch.messages[0]) == ()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ((b"\r\n", b"\n"), "not ended by CRLF"),
        ((b"From: Acme <news@acme.example.com>", b"From: x@example.com"), "does not align with acme.example.com"),
        ((b"From: Acme <news@acme.example.com>", b"From: x@notacme.example.com"), "does not align"),
        ((b"From: Acme <news@acme.example.com>\r\n", b""), "0 From headers"),
        ((b"From:", b"From: a@acme.example.com\r\nFrom:"), "2 From headers"),
        ((b"Date: Fri, 01 May 2026 12:00:00 +0000", b"Date: some day"), "no Date"),
    ],
)
def test_a_message_that_must_not_be_signed_is_refused(damage: tuple[bytes, bytes], said: str) -> None:
    """What a receiver would reject anyway, or somebody else's From, is refused with what to mend."""
    with pytest.raises(CannotSign, match=said):
        signer().sign(mail().replace(*damage))


def test_a_message_is_signed_once_for_a_domain() -> None:
    """A second signature for the same domain is refused; one for another domain is no obstacle."""
    signed = signer().sign(mail())
    with pytest.raises(CannotSign, match=r"signed for acme\.example\.com already"):
        signer().sign(signed)
    above = DkimSigner("example.com", "up", key())
    assert above.sign(signed).count(b"DKIM-Signature:") == 2


def test_a_key_is_long_enough_and_of_the_kind_that_all_receivers_verify() -> None:
    """Short keys, other kinds, passwords and texts that are no key are refused, and never shown (RFC 8301)."""
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
    pems = {
        "receivers want at least 2048": _pem(short),
        "is not RSA": _pem(ed25519.Ed25519PrivateKey.generate()),
        "is no private key in PEM": b"secret words",
    }
    for said, pem in pems.items():
        with pytest.raises(ValueError, match=said) as refused:
            SigningKey(pem)
        assert "secret" not in str(refused.value)
    assert "MII" not in repr(key())
    assert SigningKey(key().pem).dns_record == key().dns_record


@pytest.mark.parametrize(
    ("domain", "selector", "said"),
    [
        ("localhost", "s", "is no domain to sign for"),
        ("Example.com", "s", "is no domain to sign for"),
        ("example.com", "", "is no selector"),
        ("example.com", "S 1", "is no selector"),
        ("example.com", "s;d=x", "is no selector"),
    ],
)
def test_a_name_that_no_record_stands_under_is_refused(domain: str, selector: str, said: str) -> None:
    """A domain or selector that cannot be a name is refused when the signer is made."""
    with pytest.raises(ValueError, match=said):
        DkimSigner(domain, selector, key())
    assert repr(DkimSigner(DOMAIN, SELECTOR, key())) == f"DkimSigner({SELECTOR}._domainkey.{DOMAIN})"


def _pem(secret: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
