"""What the page of a record says of decisions that no longer count."""

from __future__ import annotations

from kdvert.decisions import trail
from kdvert.review.desk import now
from kdvert.review.queue import Filter

from .place import PASSPHRASE

LAPSED = "The decisions below were about other words of this record."


def test_decisions_about_other_words_are_said_to_count_no_longer(place):
    rita = place.visitor("Rita Roe")
    record = place.desk.queue.all(Filter(place="accepted"), "x:y")[0].id
    signer = place.site.accounts.open("Rita Roe", PASSPHRASE)
    refs = {"record": record, "content": "ab" * 32}
    trail.append(place.desk.root, "record-accepted", now=now(), signer=signer, refs=refs)
    text = rita.get(f"/record/{record}?all=1").text
    assert LAPSED in text
    assert "accepted, about an earlier text" in text
    version = str(place.desk.queue.entry(record).version)
    assert rita.submit(f"/record/{record}/decide", action="accept", version=version).status_code == 200
    assert LAPSED not in rita.get(f"/record/{record}?all=1").text
    assert place.desk.queue.entry(record).status == "accepted"
