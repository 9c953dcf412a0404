"""The file that tells Rasa where the rest is."""

from __future__ import annotations

from ruamel.yaml import YAML

from dialogue import endpoints


def test_the_addresses_are_filled_in_whatever_the_password_holds() -> None:
    url = "rediss://bot:p\"a:s's#w{0}@store.example:6380/3"
    text = endpoints.render(actions_url="http://127.0.0.1:5055/webhook", redis_url=url)
    read = YAML(typ="safe").load(text)
    assert read["tracker_store"]["url"] == url
    assert read["tracker_store"]["type"] == "dialogue.tracker_store.BoundedTrackerStore"
    assert read["action_endpoint"]["url"] == "http://127.0.0.1:5055/webhook"
    assert "${" not in text
