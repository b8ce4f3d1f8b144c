import json

from consentkit.policyfile import schema


def test_the_schema_is_printed_as_json_and_nothing_else(cli) -> None:
    ended = cli("schema")

    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == schema()
