"""A run of records with two calls each, to be killed: python records.py URL FOLDER RECORDS AT_ONCE.

It asks with the real client, scheduler and reply store, and writes ``records.jsonl`` at the end.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kdvert.progress import Silent
from kdvert.records import Sampling, ScrubbedText
from kdvert.store import write_jsonl
from kdvert.teachers.kinds import open_teacher
from kdvert.teachers.protocol import Teacher, TeacherRequest, request_id
from kdvert.teachers.replies import ReplyStore
from kdvert.teachers.scheduler import Ask, Job, Limits, Scheduler
from kdvert.teachers.settings import TeacherSettings

SAMPLING = Sampling(max_tokens=256)


def job(teacher: Teacher, number: int) -> Job[dict[str, object]]:
    """Return a record of two steps, as a question and its answer are."""

    def request(step: str, text: str) -> TeacherRequest:
        prompt = ScrubbedText(text, "bench")
        own = request_id(teacher, step=step, template_sha="x", prompt=prompt, sampling=SAMPLING, chat=True)
        return TeacherRequest(own, step, prompt, SAMPLING, chat=True)

    async def work(ask: Ask) -> dict[str, object]:
        first = await ask(request("question", f"{number:06d} question"))
        second = await ask(request("answer", f"{number:06d} answer to {first.text.text[:20]}"))
        return {"number": number, "question": first.text.text, "answer": second.text.text}

    return work


def main() -> None:
    """Run, and write the records."""
    url, folder, records, at_once = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    folder.mkdir(parents=True, exist_ok=True)
    teacher = open_teacher(TeacherSettings(model="m", base_url=url), root=folder)
    with ReplyStore(folder / "replies.sqlite", lambda text: ScrubbedText(text, "bench")) as store:
        plan = Scheduler(teacher, store, Limits(concurrency=at_once), Silent(), lambda texts: None)
        print(json.dumps({"begins": True}), flush=True)
        made = plan.run([job(teacher, number) for number in range(records)])
    write_jsonl(folder / "records.jsonl", made)


if __name__ == "__main__":
    main()
