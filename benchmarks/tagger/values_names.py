"""Names of people by area of the world: Faker's tables, romanized, and names nobody bears, made of syllables."""

from __future__ import annotations

import importlib
import random
import unicodedata
from collections.abc import Iterator
from functools import cache

import regex

AREAS: dict[str, tuple[str, ...]] = {
    "english": ("en_US", "en_US", "en_GB", "en_IE", "en_NZ", "en"),
    "irish": ("ga_IE", "en_IE"),
    "spanish": ("es_ES", "es_ES", "es_MX", "es_AR", "es_CL", "es_CO"),
    "french": ("fr_FR", "fr_FR", "fr_BE", "fr_CH", "fr_QC"),
    "indian": ("en_IN",),
    "pakistani": ("en_PK",),
    "african": ("en_KE", "yo_NG", "tw_GH", "ig_NG", "ha_NG", "zu_ZA", "sw"),
    "maghreb": ("fr_DZ",),
    "turkish": ("tr_TR", "az_AZ", "uz_UZ"),
    "german": ("de_DE", "de_AT", "de_CH", "de_LU"),
    "dutch": ("nl_NL", "nl_BE"),
    "nordic": ("da_DK", "sv_SE", "no_NO", "fi_FI", "is_IS"),
    "italian": ("it_IT",),
    "portuguese": ("pt_PT", "pt_BR"),
    "slavic": ("pl_PL", "cs_CZ", "sk_SK", "hr_HR", "sl_SI", "ru_RU", "uk_UA", "bg_BG", "mk_MK"),
    "baltic": ("lt_LT", "lv_LV", "et_EE"),
    "eastern": ("ro_RO", "hu_HU", "el_GR", "ka_GE", "hy_AM"),
    "asian": ("zh_CN", "zh_TW", "ja_JP", "vi_VN", "id_ID", "en_TH"),
}
"""Faker's locales of an area; a locale named twice is drawn twice as often."""

EUROPE = (
    "spanish", "french", "english", "german", "dutch", "nordic", "italian", "portuguese", "slavic", "slavic",
    "slavic", "baltic",
    "eastern", "eastern", "turkish", "turkish", "maghreb",
)  # fmt: skip
"""Areas from which people come before a European court."""

_ARABIC = (
    "Ahmed Mohammed Mahmoud Ali Omar Khalid Hassan Hussein Yusuf Ibrahim Abdullah Abdulrahman Fatima Aisha Layla "
    "Noor Zainab Mariam Salma Huda "
    "Samir Tariq Karim Bilal Hamza Rania Nadia Yasmin Amina Khadija Walid Ziad Rashid Faisal Saeed Jamal Nabil "
    "Hisham Mustafa Osama Dalia Ghada "
    "Hanan Iman Lubna Maha Reem Sawsan Wafa Zahra Adnan Anwar Basim Fadi Ghassan Haitham Imad Jihad Kamal Louay "
    "Marwan Nasser Qasim Ramzi Sami"
).split()  # fmt: skip
_ARABIC_FAMILIES = (
    "Al-Masri|Al-Rashid|Haddad|Khoury|Al-Sayed|El-Amin|Mansour|Nasrallah|Al-Hashimi|Saleh|Aziz|Farouk|Hamdan|"
    "Al-Zahrani|Al-Ghamdi|Al-Otaibi|"
    "Barakat|Darwish|Ismail|Jaber|Kassem|Najjar|Odeh|Qureshi|Rahman|Shaheen|Taha|Abu Zayd|Al-Harbi|El Fassi|"
    "Ben Youssef|Abdel Nour|"
    "Al Mutairi|Yassin|Zaki|Sabbagh|Hariri|Shahin|Bazzi|Fakhoury|Al-Qahtani|Abdallah|Mahfouz|Shalabi|Al-Tamimi|"
    "Ayoub|Bishara|El-Sherif"
).split("|")  # fmt: skip
_KOREAN = (
    "Min-jun Seo-yeon Ji-hoon Hye-jin Sung-min Soo-jin Jae-hyun Eun-ji Dong-hyun Yoo-jin Hyun-woo Mi-kyung Tae-yang "
    "Kyung-soo Jiwoo Haeun "
    "Seojun Yuna Minseok Sangho"
).split()  # fmt: skip
_KOREAN_FAMILIES = (
    "Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Shin Seo Kwon Hwang Ahn Song Hong Yoo Moon Bae Baek Nam".split()
)
_TAMIL = (
    "Venkatesan Subramanian Ramaswamy Krishnamurthy Natarajan Lakshmanan Murugan Kumaresan Balasubramaniam "
    "Thirumalai Chandrasekhar Gopalakrishnan "
    "Padmanabhan Rajagopal Senthil Shanmugam Sivakumar Sundaram Velu Palaniswami Arumugam Meenakshi Kamakshi "
    "Vasantha Saraswathi Nirmala Jagadeesan"
).split()  # fmt: skip
_BENGALI = (
    "Mukherjee Chatterjee Banerjee Bandyopadhyay Gangopadhyay Bhattacharya Ghoshal Dasgupta Sengupta Majumdar "
    "Chakraborty Mitra Roychowdhury Sarkar Biswas Mondal Haldar"
).split()  # fmt: skip
_HAND: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "arabic": (tuple(_ARABIC), tuple(_ARABIC_FAMILIES)),
    "korean": (tuple(_KOREAN), tuple(_KOREAN_FAMILIES)),
    "tamil": (tuple(_TAMIL), tuple(_TAMIL)),
    "bengali": (
        ("Subhash", "Prasenjit", "Debashis", "Anirban", "Sharmila", "Mousumi", "Tapan", "Swapan", "Partha", "Rina"),
        tuple(_BENGALI),
    ),
}
"""Given and family names of areas that no locale of Faker holds in Latin script."""

_STARTS = (
    "Ba Be Bo Bra Bre Ca Ce Cha Cla Co Da De Do Dra E El Fa Fe Fla Ga Gre Gu Ha He Ho I Ja Je Jo Ka Ke Ki Kra La Le "
    "Li Lo Ma Me Mi Mo Na Ne No O Pa "
    "Pe Pra Qua Ra Re Ri Ro Sa Se Sha Ska Ste Su Ta Te Tha Ti To Tra U Va Ve Vi Wa We Wi Xa Ya Ye Yu Za Ze Zo"
).split()  # fmt: skip
_MIDDLES = (
    "ba da do fe ga gi ha ka ki la le li lo ma me mi mo na ne ni no ra re ri ro sa se si so ta te ti to va ve vi za "
    "ndi lla rri sto mbe nka shi"
).split()  # fmt: skip
_ENDS = (
    "n r s l t k ne ra na la ta ka do no ro ski sky wicz ev ov enko ic vic son sen man mann berg er ez es az oz i a "
    "o e u ian yan dze shvili oglu "
    "escu eanu as is us ou opoulos idis ley ton ford well worth by ham wood stein ini etti ucci eau ot et ault ard "
    "in ier ama ura moto kar pal "
    "wala swamy appa ngh aju okwe abi unde ola ike ye nde"
).split()  # fmt: skip


def given(rng: random.Random, *areas: str) -> str:
    """Return a given name of one of ``areas`` (keys of `AREAS`, "arabic", "korean", "tamil", "bengali", "made-up")."""
    return _drawn(rng, areas, 0)


def family(rng: random.Random, *areas: str) -> str:
    """Return a family name of one of ``areas``."""
    return _drawn(rng, areas, 1)


def made_up(rng: random.Random) -> str:
    """Return a name that stands in no list, made of syllables."""
    middles = "".join(rng.choice(_MIDDLES) for _ in range(rng.choice((0, 0, 1, 1, 2))))
    name = rng.choice(_STARTS) + middles + rng.choice(_ENDS)
    return name if len(name) > 2 else name + "ra"


def initials(rng: random.Random, mark: str = ". ") -> str:
    """Return two or three initials: "M. A. B.", or with another mark "M.A.B." (``"."``), "MAB" (``""``)."""
    letters = [rng.choice("ABCDEFGHIJKLMNOPRSTVWYZ") for _ in range(rng.choice((2, 2, 3)))]
    return (mark.join(letters) + mark).strip()


def particle(rng: random.Random) -> str:
    """Return what stands between given and family names ("van", "bin", "de la")."""
    return rng.choice(
        (
            "van",
            "van der",
            "von",
            "de",
            "de la",
            "bin",
            "ibn",
            "al",
            "el",
            "da",
            "dos",
            "di",
            "del",
            "du",
            "ter",
            "Mc",
            "O'",
        )
    )


@cache
def common_names() -> frozenset[str]:
    """Return the names of English, Spanish, French and German speakers in lower case."""
    locales = {locale for area in ("english", "spanish", "french", "german") for locale in AREAS[area]}
    return frozenset(
        part.lower() for locale in locales for table in _table(locale) for name in table for part in name.split()
    )


def _drawn(rng: random.Random, areas: tuple[str, ...], index: int) -> str:
    area = rng.choice(areas)
    if area == "made-up":
        return made_up(rng)
    if area in _HAND:
        return rng.choice(_HAND[area][index])
    return rng.choice(_table(rng.choice(AREAS[area]))[index])


@cache
def _table(locale: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the given and family names of a locale of Faker, in Latin script."""
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    firsts, lasts = _KINDS.get(locale, (("first_names", "first_names_female", "first_names_male"), ("last_names",)))
    return tuple(_names(provider, firsts)), tuple(_names(provider, lasts))


_LATIN = regex.compile(r"[\p{Latin}\p{M} '’-]+")
_KINDS = {
    "zh_CN": (("first_romanized_names",), ("last_romanized_names",)),
    "zh_TW": (("first_romanized_names",), ("last_romanized_names",)),
    "ja_JP": (("first_romanized_names",), ("last_romanized_names",)),
    "pl_PL": (("first_names",), ("male_last_names", "unisex_last_names")),
    "vi_VN": (("first_names_female", "first_names_male", "first_names_unisex"), ("last_names",)),
    "is_IS": (("first_names",), ("last_names_without_suffix",)),
}  # fmt: skip
"""Where a locale keeps its names, if not where most do."""


def _names(provider: object, attributes: tuple[str, ...]) -> Iterator[str]:
    tables = [getattr(provider, attribute, ()) for attribute in attributes]
    found = {romanized(name) for table in tables if isinstance(table, dict | list | tuple) for name in table}
    for name in sorted(found):
        if _LATIN.fullmatch(name):
            yield name.title() if name.isupper() else name


_CYRILLIC = dict(zip(
    "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґјљњџѓќ",
    (
        "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya yo i yi ye g j lj nj dzh gj kj"
    ).split(" "),
    strict=True,
))  # fmt: skip
_GREEK = dict(
    zip("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o".split(), strict=True)
)
_GEORGIAN = dict(zip(
    "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
    "a b g d e v z t i k l m n o p zh r s t u p k gh q sh ch ts dz ts ch kh j h".split(),
    strict=True,
))  # fmt: skip
_ARMENIAN = dict(zip(
    "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ",
    "a b g d e z e y t zh i l kh ts k h dz gh ch m y n sh o ch p j r s v t r ts v p k o f".split(), strict=True,
))  # fmt: skip
_LETTERS = _CYRILLIC | _GREEK | _GEORGIAN | _ARMENIAN


def romanized(name: str) -> str:
    """Write a name of another alphabet in Latin letters; a Latin one is left as it is."""
    if name.isascii() or not any(c in _LETTERS for c in name.lower()):
        return name
    base = "".join(
        c for c in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(c) or c == "\u0306"
    )
    base = unicodedata.normalize("NFC", base).replace("ու", "u")
    return "".join(_LETTERS.get(c, c) for c in base).title()
