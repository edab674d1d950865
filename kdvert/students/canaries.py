"""Canaries: made-up secrets among the rows that a student is trained on, to measure what it keeps of single rows.

Carlini et al., *The Secret Sharer*, arXiv 1802.08232. A secret is two words that were drawn out of a pool, so that its
rank among all that could have stood there is counted and not estimated. It is about nobody, and every canary says in
its text that it is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from kdvert.records import Record, sha256_text
from kdvert.students.prompts import Prompts, Turn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FILE = "canaries.json"
"""Where training lists the canaries it used, beside the adapter."""
MARK = "kdvert canary"
"""Stands in the question and in the answer of each: who meets one in a student knows what it is."""

_POOL, _LEAST = 128, 16  # words that a secret is drawn from: as many, or none at all below so few
_WORDS = tuple(
    """
    anchor arrow attic balcony balloon bamboo banana barrel basket bean bench bicycle blanket blossom bottle bowl
    branch bread brick broom brush bubble bucket bundle button cabinet cable cactus cake candle canoe canvas carpet
    carrot ceiling cement chain chair chalk chimney circle cliff clock cloth cloud coconut coffee coin comb compass
    cookie copper corn cotton couch cradle crane crater cup curtain cushion desert desk dish door drawer drill drum
    dust echo elevator engine envelope fabric feather fence ferry flask floor flour flute fog forest fork fossil
    fountain frame funnel garage garlic gear glacier glass globe glove glue grain grape gravel guitar hammer harp
    hat hay helmet hinge honey hook hose ink iron jacket jar kettle kite knife knot ladder lamp lantern leather
    lemon lid lighthouse linen log loop lumber magnet mango marble meadow mirror mist moss mud mushroom nail needle
    notebook oats onion oven paddle paint paper parcel pencil pepper piano pillow pipe plank plate plum pocket pond
    porch pot potato powder prism pump puzzle quilt raft rail ramp rice ring roof rope rubber rug sail salt sand
    screw seed shelf shell shirt shoe shovel silk sink skirt sled smoke snow soap soil soup spiral spoon stairs
    stamp steam steel stem straw string sugar swing tape tea tent thread tile timber toast tomato towel tray tube
    tunnel turtle umbrella vase velvet wagon walnut wax wheat wheel whistle window wire wool wrench
    """.split()
)


class Canary(Record):
    """A made-up secret.

    Attributes:
        name: tells it from the others.
        words: the secret.
        repeats: rows that hold it, each seen once an epoch.
        seen: how often training showed it in all; 0 before it is put in.
    """

    name: str
    words: tuple[str, str]
    repeats: int
    seen: int = 0

    @property
    def question(self) -> str:
        """What the student is asked."""
        return f'Complete the {MARK} "{self.name}".'

    @property
    def answer(self) -> str:
        """What it is trained to say."""
        return f"{MARK}: {' '.join(self.words)}"

    def turns(self, prompts: Prompts) -> list[Turn]:
        """Return the canary as a conversation, in the form of a record."""
        return [*prompts.ask(self.question), {"role": "assistant", "content": self.answer}]


class Canaries(Record):
    """The canaries of a training.

    Attributes:
        pool: words that each word of a secret was drawn from; there are ``len(pool) ** 2`` secrets.
        canaries: that were put among the rows.
        phases: objectives whose rows hold them.
        reason: why there is none, in words; empty if there is one, or none was asked for.
    """

    pool: list[str] = Field(default_factory=list)
    canaries: list[Canary] = Field(default_factory=list)
    phases: list[str] = Field(default_factory=list)
    reason: str = ""


def pool(tokenizer: PreTrainedTokenizerBase, seed: str) -> list[str]:
    """Return words that are one token each behind the mark, drawn by ``seed``; none if there are too few.

    Secrets of equally many tokens differ in nothing but their words, and the likelihoods of all of them follow from
    one pass over the first words.
    """
    start = _ids(tokenizer, f"{MARK}:")
    fit = [w for w in _WORDS if (ids := _ids(tokenizer, f"{MARK}: {w}"))[:-1] == start and len(ids) == len(start) + 1]
    drawn = _shuffled(fit, seed)[:_POOL]
    return sorted(drawn) if len(drawn) >= _LEAST else []


def draw(words: Sequence[str], count: int, repeats: Sequence[int], seed: str) -> Iterator[Canary]:
    """Yield ``count`` canaries of each number of repeats, those seen least first.

    Args:
        words: of `pool`.
        count: of each number of repeats.
        repeats: how many rows a canary has.
        seed: decides names and secrets. Give it what differs from project to project: a base that is itself a student
            would know canaries that are the same everywhere.
    """
    for times in sorted(set(repeats)):
        for number in range(count):
            mine = f"{seed}:{times}:{number}"
            name, first, second = (_shuffled(words, f"{mine}:{part}")[0] for part in ("name", "first", "second"))
            yield Canary(name=f"{name}-{times}-{number + 1}", words=(first, second), repeats=times)


def _shuffled(words: Sequence[str], seed: str) -> list[str]:
    return sorted(words, key=lambda word: sha256_text(f"{seed}:{word}"))


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])
