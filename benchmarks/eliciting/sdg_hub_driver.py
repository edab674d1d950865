"""Run sdg-hub's flow for questions about documents; started with the interpreter of sdg-hub's own environment.

usage: python sdg_hub_driver.py PASSAGES.jsonl OUT.jsonl BASE_URL MODEL
"""

import json
import sys

FLOW = "Document Based Knowledge Tuning Dataset Generation Flow"
# the flow wants a document with three questions as an example: written for this benchmark, the same for all passages
EXAMPLE = {
    "icl_document": (
        "Yeasts are single-celled fungi. Baker's yeast grows fastest at about 30 °C. Without oxygen it ferments sugar "
        "to ethanol and carbon dioxide; with oxygen it respires and gains more energy from the same sugar."
    ),
    "icl_query_1": "At which temperature does baker's yeast grow fastest?",
    "icl_query_2": "What does baker's yeast make of sugar when there is no oxygen?",
    "icl_query_3": "Why does yeast gain more energy from sugar when oxygen is there?",
}


def main() -> None:
    """Generate and write one line a pair: number of the passage, question, answer."""
    import pandas
    from sdg_hub import Flow, FlowRegistry

    passages, out, base_url, model = sys.argv[1:]
    with open(passages, encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    table = pandas.DataFrame(
        [{"document": r["text"], "document_outline": r["title"], "domain": "Microbiology", **EXAMPLE} for r in rows]
    )
    FlowRegistry.discover_flows()
    flow = Flow.from_yaml(FlowRegistry.get_flow_path(FLOW))
    flow.set_model_config(model=f"hosted_vllm/{model}", api_base=base_url, api_key="EMPTY", timeout=3600)
    made = flow.generate(table, max_concurrency=1)
    made = made.to_pandas() if hasattr(made, "to_pandas") else made
    numbers = {" ".join(r["text"].split()): n for n, r in enumerate(rows)}
    with open(out, "w", encoding="utf-8") as stream:
        for row in made.to_dict("records"):
            number = numbers.get(" ".join(str(row.get("base_document", row["document"])).split()))
            pair = {"passage": number, "question": row["question"], "answer": row["response"]}
            stream.write(json.dumps(pair) + "\n")


if __name__ == "__main__":
    main()
