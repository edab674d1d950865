"""Numbers, codes, phones, accounts and passwords as documents write them: each takes a source of chance."""

from __future__ import annotations

import random
import string
import unicodedata

Rng = random.Random

PHONES = {
    "us": ("(9##) 9##-####", "9##-9##-####", "9##.9##.####", "+1 9## 9## ####", "+1 (9##) 9##-####", "1-9##-9##-####",
           "9## 9## ####", "9##9######", "001-9##-9##-####", "9##-9##-#### x###", "(9##)9##-#### ext. ##"),
    "uk": ("0## #### ####", "07### ######", "07### ### ###", "+44 7### ######", "+44 (0)20 #### ####", "01### ######",
           "0#### ### ###", "+4420########", "0800 ### ####"),
    "in": ("+91 9#########", "+91-9####-#####", "9#########", "0##-########", "+91 9#### #####", "0### ######"),
    "ie": ("01 ### ####", "+353 1 ### ####", "+353 8# ### ####", "08# ### ####", "0## ######"),
    "au": ("(0#) #### ####", "04## ### ###", "+61 4## ### ###", "+61 # #### ####", "1300 ### ###"),
    "es": ("6## ### ###", "6########", "9## ## ## ##", "9## ### ###", "+34 6## ## ## ##", "+34 9########",
    "(9#) ### ## ##",
           "9#-#######", "0034 9## ### ###", "6## ## ## ##", "9##.##.##.##"),
    "mx": ("+52 55 #### ####", "55 #### ####", "(33) #### ####", "+52 1 ## #### ####", "## ## ## ## ##"),
    "latam": ("+54 9 11 ####-####", "(011) 4###-####", "+57 3## ### ####", "3## ### ####", "+56 9 #### ####",
    "+51 9## ### ###",
              "+593 # ### ####", "0##-#######", "4###-####"),
    "fr": ("0# ## ## ## ##", "06 ## ## ## ##", "07.##.##.##.##", "+33 # ## ## ## ##", "+33 (0)# ## ## ## ##",
    "0#########",
           "0#-##-##-##-##", "0033 6 ## ## ## ##", "06########"),
    "be": ("02 ### ## ##", "+32 4## ## ## ##", "04##/##.##.##", "+32 2 ### ## ##", "0### ## ## ##"),
    "ch": ("0## ### ## ##", "+41 ## ### ## ##", "+41 (0)## ### ## ##", "07# ### ## ##"),
    "africa": ("+221 7# ### ## ##", "+225 ## ## ## ## ##", "+237 6## ## ## ##", "+212 6 ## ## ## ##",
    "+213 5## ## ## ##",
               "+216 ## ### ###", "+234 80# ### ####", "+254 7## ######", "+27 8# ### ####", "+233 24 ### ####"),
    "europe": ("+49 ### #######", "+49 (0)30 ########", "0##/########", "+39 3## #######", "+43 1 #######",
    "+31 6 ########",
               "+351 9## ### ###", "+48 ### ### ###", "+46 7#-### ## ##", "+90 5## ### ## ##", "+30 69# ### ####",
               "+40 7## ### ###", "+7 9## ###-##-##", "+358 4# #######", "+45 ## ## ## ##", "+47 ### ## ###"),
    "asia": ("+92 3## #######", "+86 1## #### ####", "+82 10-####-####", "+81 90-####-####", "+84 9# ### ####",
    "+65 #### ####",
             "+971 5# ### ####", "+63 9## ### ####", "+880 1### ######", "+966 5# ### ####"),
}  # fmt: skip

ID_FORMS = (
    "#######", "########", "######", "#########", "##########", "#####", "AA######", "A#######", "AAA-######",
    "AA-####-##", "###-##-####",
    "A##-#####", "AAA########", "##-#######", "####-####", "NNNNNNNN", "NNNN-NNNN-NNNN", "AA##AA##", "aa######",
    "AA #### ####", "#######A",
    "########-A", "AAAA#####", "#####-AA", "AA/####/##", "#/####", "####/##", "A-####-A", "NNNNNNNNNNNN",
    "AAA/##/####", "AA-####-####-A",
    "############", "##A###", "AAA ####", "AA## AAA", "### ### ###", "###.###.###", "A#A#A#", "AA.##.####",
    "AAA_####", "A#####-##", "##AA####",
)  # fmt: skip
"""Shapes of record, case, member, device, plate, passport and other numbers; see `filled`."""

_IBAN_FORMS = {
    "GB": "AAAA##############", "DE": "##################", "FR": "##########N##########N##",
    "ES": "####################",
    "IT": "A##########NNNNNNNNNNNN", "NL": "AAAA##########", "BE": "############", "CH": "#####NNNNNNNNNNNN",
    "PT": "#####################", "AT": "################", "IE": "AAAA##############",
    "PL": "########################",
    "LU": "###NNNNNNNNNNNNN", "SE": "####################", "MC": "##########N##########N##",
    "TR": "#####0NNNNNNNNNNNNNNNN",
    "RO": "AAAANNNNNNNNNNNNNNNN", "GR": "#######NNNNNNNNNNNNNNNN", "DK": "##############", "NO": "###########",
}  # fmt: skip
_WORDS = (
    "sun", "river", "tiger", "blue", "coffee", "winter", "dragon", "monkey", "summer", "star", "love", "secret",
    "hello", "green", "rocket",
    "apple", "orange", "happy", "shadow", "pirate", "guitar", "ninja", "pizza", "magic", "welcome", "pass", "admin",
    "home", "work", "paris",
    "luna", "sol", "casa", "gato", "perro", "mar", "fuego", "flor", "chat", "soleil", "fleur", "lune", "maison",
    "amour", "rouge", "bleu",
)  # fmt: skip


def filled(rng: Rng, form: str) -> str:
    """Fill a form: ``#`` a digit, ``9`` one from 2 to 9, ``A``, ``a`` letters, ``N`` a capital or digit."""
    return "".join(_CHARACTERS[c](rng) if c in _CHARACTERS else c for c in form)


_CHARACTERS = {
    "#": lambda rng: rng.choice("0123456789"),
    "9": lambda rng: rng.choice("23456789"),
    "A": lambda rng: rng.choice(string.ascii_uppercase),
    "a": lambda rng: rng.choice(string.ascii_lowercase),
    "N": lambda rng: rng.choice(string.ascii_uppercase + string.digits),
}


def digits(rng: Rng, low: int = 4, high: int = 12) -> str:
    """Return ``low`` to ``high`` digits."""
    return filled(rng, "#" * rng.randint(low, high))


def identifier(rng: Rng) -> str:
    """Return an identifier of any shape: mostly a common one, else made of random runs of letters and digits."""
    if rng.random() < 0.7:
        text = filled(rng, rng.choice(ID_FORMS))
    else:
        mark = rng.choice(("", "", "-", "-", "/", ".", " ", "_"))
        runs = [rng.choice("#####AN") * rng.randint(1, 5) for _ in range(rng.randint(2, 4))]
        text = filled(rng, mark.join([*runs, "##"]))
    return text if rng.random() < 0.95 else text.lower()


def prefixed(rng: Rng, *prefixes: str) -> str:
    """Return an identifier behind one of ``prefixes`` ("MRN", "NHC", "POL")."""
    return rng.choice(prefixes) + rng.choice(("", "-", "-", " ", "#", "/", "_")) + digits(rng, 4, 9)


def phone(rng: Rng, *countries: str) -> str:
    """Return a phone number as people of one of ``countries`` (keys of `PHONES`) write it."""
    return filled(rng, rng.choice(PHONES[rng.choice(countries)]))


def iban(rng: Rng, *countries: str) -> str:
    """Return an IBAN's shape, of one of ``countries`` (two-letter codes; none: of any), often in groups of four."""
    country = rng.choice(countries or tuple(_IBAN_FORMS))
    text = country + filled(rng, "##" + _IBAN_FORMS[country])
    return grouped(text, 4) if rng.random() < 0.5 else text


def card(rng: Rng) -> str:
    """Return a payment card number; some are masked. Its check digit is not computed."""
    number = (
        rng.choice(("4", "5", "2")) + filled(rng, "#" * 15)
        if rng.random() < 0.85
        else "3" + filled(rng, "7" + "#" * 13)
    )
    if rng.random() < 0.15:
        number = rng.choice("X*") * (len(number) - 4) + number[-4:]
    return rng.choice((number, grouped(number, 4), grouped(number, 4, "-")))


def account(rng: Rng) -> str:
    """Return a bank account number of no certain country."""
    return filled(rng, rng.choice(("########", "##########", "############", "####-######", "##-##-## ########",
    "#########", "###-#######-##",
                                   "#### #### ## ##########", "##########-#", "AA########", "#####.#####",
                                   "###############")))  # fmt: skip


def grouped(text: str, size: int, mark: str = " ") -> str:
    """Cut ``text`` into groups of ``size`` characters."""
    return mark.join(text[i : i + size] for i in range(0, len(text), size))


def password(rng: Rng) -> str:
    """Return a password: words with digits and marks, or random characters."""
    if rng.random() < 0.35:
        return "".join(
            rng.choice(string.ascii_letters + string.digits + "!@#$%&*?_-+^") for _ in range(rng.randint(7, 14))
        )
    words = [rng.choice(_WORDS) for _ in range(rng.choice((1, 1, 2, 3)))]
    words = [
        rng.choice((w, w.capitalize(), w.upper(), w.replace("a", "@").replace("o", "0").replace("e", "3")))
        for w in words
    ]
    tail = rng.choice(("", str(rng.randint(1, 9999)), str(rng.randint(1950, 2026)))) + rng.choice(
        ("", "", "!", "#", "$", "!!", "?", "*", ".")
    )
    text = (
        rng.choice(("", "", "-", "_", ".", "#")).join(words) + rng.choice(("", "@", "_", "!", "#")) * bool(tail) + tail
    )
    return text.rstrip("@_.-") if any(not c.isalpha() for c in text.rstrip("@_.-")) else text + digits(rng, 1, 3)


def pin(rng: Rng) -> str:
    """Return a PIN or security code of 3 to 6 digits."""
    return digits(rng, 3, 6) if rng.random() < 0.5 else digits(rng, 4, 4)


def username(rng: Rng, given: str, family: str) -> str:
    """Return a login made of a name, or of words."""
    first, last = plain(given), plain(family)
    mark = rng.choice(("", "", ".", "_", "-"))
    base = rng.choice((first + mark + last, first[:1] + mark + last, last + mark + first[:1], first,
    rng.choice(_WORDS) + mark + first,
                       rng.choice(_WORDS) + mark + rng.choice(_WORDS), last, first + mark + last[:1], "the" + first,
                       first[:3] + last[:3]))  # fmt: skip
    return base + rng.choice(("", "", str(rng.randint(1, 99)), str(rng.randint(1950, 2015)), "_", "x"))


def handle(rng: Rng, given: str, family: str) -> str:
    """Return a name on a social network, with @."""
    return "@" + username(rng, given, family)


def email(rng: Rng, given: str, family: str, *domains: str) -> str:
    """Return an address of the person, at one of ``domains`` or at a made-up one."""
    words = plain(family) if rng.random() < 0.3 else rng.choice(_WORDS) + rng.choice(("", "-")) + rng.choice(_WORDS)
    own = words + rng.choice(
        (".com", ".com", ".org", ".net", ".io", ".co.uk", ".de", ".fr", ".es", ".eu", ".in", ".ie", ".com.au")
    )
    public = ("gmail.com", "outlook.com", "yahoo.com", "icloud.com", "hotmail.com", "proton.me")
    domain = rng.choice(domains) if domains and rng.random() < 0.6 else rng.choice((own, own, rng.choice(public)))
    local = username(rng, given, family).strip("_.-") or "info"
    return f"{local}@{domain}"


def plain(text: str) -> str:
    """Return the letters and digits of ``text`` in plain lower case, as logins are made of."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if c.isascii() and c.isalnum()) or "user"


def uuid(rng: Rng) -> str:
    """Return a UUID."""
    return "-".join("".join(rng.choice("0123456789abcdef") for _ in range(n)) for n in (8, 4, 4, 4, 12))


def ip(rng: Rng) -> str:
    """Return an IPv4 address."""
    return ".".join(str(rng.randint(1, 254)) for _ in range(4))


def mac(rng: Rng) -> str:
    """Return a hardware address."""
    return rng.choice(":-").join(f"{rng.randint(0, 255):02X}" for _ in range(6))


def vin(rng: Rng) -> str:
    """Return a vehicle identification number's shape."""
    return "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ0123456789") for _ in range(11)) + filled(rng, "######")


def plate(rng: Rng) -> str:
    """Return a car's number plate of some country."""
    return filled(
        rng,
        rng.choice(
            (
                "AAA ####",
                "#AAA###",
                "AA## AAA",
                "AA-###-AA",
                "#### AAA",
                "AA ## AA ####",
                "###-AAA",
                "AAA-####",
                "A-AA ####",
            )
        ),
    )


def serial(rng: Rng) -> str:
    """Return a device's serial number."""
    return filled(
        rng,
        rng.choice(
            (
                "NNNNNNNNNN",
                "AA########",
                "AAA-#####-A",
                "SN#########",
                "##NNN####N",
                "A#A#####",
                "####-##-#####",
                "NN#######",
            )
        ),
    )


def coordinates(rng: Rng) -> str:
    """Return a point on the earth."""
    return f"{rng.uniform(-80, 80):.{rng.randint(3, 6)}f}, {rng.uniform(-180, 180):.{rng.randint(3, 6)}f}"


def money(rng: Rng, *marks: str) -> str:
    """Return a sum with one of ``marks`` before or behind it ("$", "EUR", "lakh")."""
    amount = rng.choice(
        (f"{rng.randint(1, 999)}", f"{rng.randint(1_000, 9_999_999):,}", f"{rng.uniform(1, 99_999):,.2f}")
    )
    mark = rng.choice(marks or ("$", "£", "€", "USD ", "EUR "))
    return mark + amount if mark[0] in "$£€₹" or mark.endswith(" ") else f"{amount} {mark}"
