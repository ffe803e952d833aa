"""Names: what is taken, as what, and what is refused, and why; one line a case."""

import unicodedata

import idna
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.names import LabelPolicy, Name
from namestead.rules.names import IDN_TABLES, check_label, is_subordinate, parse, split, table_of, to_unicode

HEBREW = "שלום"
LONGEST = ".".join(["a" * 49] * 5) + ".abc"  # 253 octets


@pytest.mark.parametrize(
    "text, name, unicode_name",
    [
        ("alice.example", "alice.example", "alice.example"),
        ("ALICE.Example", "alice.example", "alice.example"),
        ("alice.example.", "alice.example", "alice.example"),
        ("example", "example", "example"),
        ("a.b", "a.b", "a.b"),
        ("1.2.3", "1.2.3", "1.2.3"),
        ("a--b.example", "a--b.example", "a--b.example"),
        ("abc--d.example", "abc--d.example", "abc--d.example"),
        ("münchen.example", "xn--mnchen-3ya.example", "münchen.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example", "münchen.example"),
        ("mu\u0308nchen.example", "xn--mnchen-3ya.example", "münchen.example"),
        ("MU\u0308NCHEN.example", "xn--mnchen-3ya.example", "münchen.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example", "münchen.example"),
        ("XN--MNCHEN-3YA.EXAMPLE.", "xn--mnchen-3ya.example", "münchen.example"),
        ("straße.example", "xn--strae-oqa.example", "straße.example"),
        ("STRA\u1e9eE.example", "xn--strae-oqa.example", "straße.example"),
        ("ΟΔΟΣ.example", "xn--pxavbm.example", "οδος.example"),  # a final sigma, as a label ends here
        ("l·l.example", "xn--ll-0ea.example", "l·l.example"),  # CONTEXTO satisfied (RFC 5892, A.3)
        ("\u212a.example", "k.example", "k.example"),  # the Kelvin sign is a K (Unicode singleton)
        (f"{HEBREW}.example", "xn--9dbne9b.example", f"{HEBREW}.example"),
        (f"ns1.{HEBREW}", "ns1.xn--9dbne9b", f"ns1.{HEBREW}"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah", "例え.テスト"),
        ("a" * 63 + ".example", "a" * 63 + ".example", "a" * 63 + ".example"),
        (LONGEST, LONGEST, LONGEST),
        (LONGEST + ".", LONGEST, LONGEST),
    ],
)
def test_name(text: str, name: str, unicode_name: str) -> None:
    assert name == parse(text)
    assert unicode_name == to_unicode(parse(text))


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "is empty"),
        (".", "is empty"),
        ("..", "a label is empty"),
        (".example", "a label is empty"),
        ("a..example", "a label is empty"),
        ("alice.example..", "a label is empty"),
        ("-a.example", "begins or ends with a hyphen"),
        ("a-.example", "begins or ends with a hyphen"),
        ("-.example", "begins or ends with a hyphen"),
        ("-ü.example", "begins or ends with a hyphen"),
        ("a b.example", "white space"),
        (" alice.example", "white space"),
        ("alice.example ", "white space"),
        ("alice.example\n", "white space"),
        ("ü\u3000.example", "white space"),
        ("a_b.example", "contains '_'"),
        ("_dmarc.example", "contains '_'"),
        ("*.example", "contains '*'"),
        ("a\x00b.example", "contains '\\u0000'"),
        ("a/b.example", "contains '/'"),
        ("alice@example", "contains '@'"),
        ("a" * 64 + ".example", "longer than 63 octets"),
        ("ü" * 60 + ".example", "Label too long"),
        ("ab" + LONGEST, "longer than 253 octets"),
        ("a" + LONGEST[1:] + "d", "longer than 253 octets"),
        ("a." * 100_000, "longer than 253 octets"),
        ("ü" * 100_000, "longer than 253 octets"),
        ("ab--c.example", "hyphens in positions 3 and 4"),
        ("a---b.example", "hyphens in positions 3 and 4"),
        ("zq--mnchen.example", "hyphens in positions 3 and 4"),
        ("üb--er.example", "not allowed by IDNA 2008"),
        ("xn--.example", "begins or ends with a hyphen"),
        ("xn--a.example", "not allowed by IDNA 2008"),
        ("xn--abc.example", "not allowed by IDNA 2008"),
        ("xn--mnchen-.example", "begins or ends with a hyphen"),
        ("xn--abc-.example", "begins or ends with a hyphen"),
        ("xn--99999999999.example", "not allowed by IDNA 2008"),
        ("xn--ls8h.example", "not allowed by IDNA 2008"),  # an emoji
        ("xn--mnchen-psa.example", "not allowed by IDNA 2008"),  # mÜnchen, encoded without folding
        ("xn--munchen-gie.example", "not allowed by IDNA 2008"),  # not in NFC
        ("xn---bbk.example", "not allowed by IDNA 2008"),  # a second spelling of xn--bbk (RFC 5890, 2.3.2.1)
        ("xn--ü.example", "not allowed by IDNA 2008"),
        ("☕.example", "not allowed by IDNA 2008"),
        ("a·b.example", "not allowed by IDNA 2008"),  # CONTEXTO not satisfied (RFC 5892, A.3)
        ("a\u200db.example", "not allowed by IDNA 2008"),  # CONTEXTJ (RFC 5892, A.2)
        ("\u0301a\u0323.example", "not allowed by IDNA 2008"),  # begins with a combining mark
        ("ＡＢ.example", "not allowed by IDNA 2008"),  # full width: RFC 5895 would map it, we do not
        ("alice。example", "not allowed by IDNA 2008"),  # ideographic full stop: likewise
        ("\ud800.example", "not allowed by IDNA 2008"),
        (f"{HEBREW}a.example", "not allowed by IDNA 2008"),  # Bidi Rule within a label
        (f"1com.{HEBREW}", "Bidi Rule"),  # and across labels
    ],
)
def test_not_a_name(text: str, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(text, field="nameservers[0].host")
    refusal = refused.value
    (fault,) = refusal.details
    assert errors.INVALID_REQUEST is refusal.kind
    assert ("nameservers[0].host", "nameservers[0].host") == (refusal.field, fault.field)
    assert "invalid_name" == fault.code
    assert reason in fault.message
    assert fault.message in refusal.message
    assert len(refusal.message) < 1000


def test_broken_a_label_shows_as_it_is() -> None:
    assert "xn--a.münchen" == to_unicode(Name("xn--a.xn--mnchen-3ya"))


ZONES = {Name("example"), Name("co.example"), Name("xn--9dbne9b"), Name("uk")}


@pytest.mark.parametrize(
    "name, expected",
    [
        ("alice.example", ("alice", "example")),
        ("www.alice.example", ("www.alice", "example")),
        ("alice.co.example", ("alice", "co.example")),
        ("www.alice.co.example", ("www.alice", "co.example")),
        ("co.example", ("co", "example")),
        ("ns1.xn--9dbne9b", ("ns1", "xn--9dbne9b")),
        ("alice.ukk", None),
        ("alice.notexample", None),
        ("example", None),
        ("com", None),
    ],
)
def test_split(name: str, expected: tuple[str, str] | None) -> None:
    assert expected == split(Name(name), ZONES)


@pytest.mark.parametrize(
    "host, domain, expected",
    [
        ("ns1.alice.example", "alice.example", True),
        ("a.b.alice.example", "alice.example", True),
        ("alice.example", "alice.example", True),
        ("malice.example", "alice.example", False),
        ("ns1.bob.example", "alice.example", False),
        ("example", "alice.example", False),
    ],
)
def test_is_subordinate(host: str, domain: str, expected: bool) -> None:
    assert expected is is_subordinate(Name(host), Name(domain))


LATIN_AND_GREEK = LabelPolicy(allow_idn=True, idn_tables=(IDN_TABLES["latin"], IDN_TABLES["greek"]))


@pytest.mark.parametrize(
    "label, policy, reason",
    [
        ("alice", LabelPolicy(), None),
        ("a", LabelPolicy(), None),
        ("123", LabelPolicy(), None),
        ("a--b", LabelPolicy(), None),
        ("www.alice", LabelPolicy(), "one level below"),
        ("ab", LabelPolicy(min_length=3), "3 characters or more"),
        ("abc", LabelPolicy(min_length=3), None),
        ("äöü", LabelPolicy(min_length=4, allow_idn=True, idn_tables=(IDN_TABLES["de"],)), "4 characters or more"),
        ("abcd", LabelPolicy(max_length=3), "3 characters or fewer"),
        ("123", LabelPolicy(allow_digits_only=False), "digits alone"),
        ("123a", LabelPolicy(allow_digits_only=False), None),
        ("1-3", LabelPolicy(allow_digits_only=False), None),
        ("a--b", LabelPolicy(allow_consecutive_hyphens=False), "two hyphens in a row"),
        ("münchen", LabelPolicy(allow_consecutive_hyphens=False, allow_idn=True, idn_tables=(IDN_TABLES["de"],)), None),
        ("www", LabelPolicy(forbidden=("^www$",)), "match '^www$'"),
        ("www2", LabelPolicy(forbidden=("^www$",)), None),
        ("münchen", LabelPolicy(), "no internationalised labels"),
        ("münchen", LabelPolicy(allow_idn=True), "'m' (U+006D) is in none"),
        ("münchen", LATIN_AND_GREEK, None),
        ("münchen-2", LATIN_AND_GREEK, None),
        ("οδος-1", LATIN_AND_GREEK, None),
        ("οδοςü", LATIN_AND_GREEK, "mixes letters"),
        ("aοδος", LATIN_AND_GREEK, "mixes letters"),
        ("москва", LATIN_AND_GREEK, "'м' (U+043C) is in none"),
        ("москва", LabelPolicy(allow_idn=True, idn_tables=(IDN_TABLES["cyrillic"],)), None),
        ("łódź", LabelPolicy(allow_idn=True, idn_tables=(IDN_TABLES["de"],)), "'ł' (U+0142) is in none"),
        ("xn--a", LATIN_AND_GREEK, "stands for no U-label"),
    ],
)
def test_label(label: str, policy: LabelPolicy, reason: str | None) -> None:
    found = check_label(label if label.startswith("xn--") or "." in label else parse(label), policy)
    assert (reason is None) == (found is None), found
    assert (reason or "") in (found or "")


def test_table_of_is_the_first_that_holds_the_label() -> None:
    assert "latin" == getattr(table_of("köln", LATIN_AND_GREEK.idn_tables), "name", None)
    assert "greek" == getattr(table_of("οδος", LATIN_AND_GREEK.idn_tables), "name", None)


@pytest.mark.parametrize(
    "table, script", [("de", "LATIN"), ("latin", "LATIN"), ("greek", "GREEK"), ("cyrillic", "CYRILLIC")]
)
def test_every_letter_of_a_table_is_of_its_script_and_allowed_by_idna(table: str, script: str) -> None:
    for letter in IDN_TABLES[table].letters:
        assert unicodedata.name(letter).startswith(f"{script} SMALL "), letter
        idna.check_label(letter)  # raises for what RFC 5892 does not allow


LABELS = st.text(st.sampled_from("abcxyz019-üßéςοжאלם例ÜΣ\u0301\u212a."), max_size=70)
NEARLY_NAMES = st.one_of(
    st.text(), LABELS, LABELS.map(lambda text: "xn--" + text), st.from_regex(r"xn--[a-z0-9-]{1,20}")
)


@given(NEARLY_NAMES)
@example("xn--" + "9" * 59)
@example("\udfff" * 50)
def test_any_text_is_a_name_or_refused_and_a_name_stays_what_it_is(text: str) -> None:
    try:
        name = parse(text)
    except Refusal:
        return
    assert name == parse(name)
    assert name == parse(to_unicode(name))
    assert to_unicode(name) == to_unicode(parse(to_unicode(name)))
    assert name.isascii()
    assert name == name.lower()
    assert 1 <= len(name) <= 253
    assert all(1 <= len(label) <= 63 for label in name.split("."))


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?){0,3}", fullmatch=True))
def test_plain_names_are_taken_as_they_are_unless_they_look_like_a_labels(text: str) -> None:
    looks_like_an_a_label = any(label[2:4] == "--" for label in text.split("."))
    try:
        assert text == parse(text)
    except Refusal:
        assert looks_like_an_a_label
