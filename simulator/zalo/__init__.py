"""A stand-in for the Zalo platform, for demos, tests and load.

It signs and delivers events to a webhook as Zalo does (raw bytes, two-second limit, retry ladder),
serves the Official Account API with Zalo's limits and error codes (send, OAuth v4, users, uploads,
ZBS templates), and has a phone-like chat page on which two or three citizens write to the account.

    python -m simulator zalo --port 8100 --webhook-url http://127.0.0.1:8000/webhook/zalo

What is where: `identity` who plays · `clock` a time that can be moved · `signature` the three
hashes · `tokens` the OAuth grant · `events` event bodies · `inputs` what a citizen does ·
`outgoing` what an account may send · `conversation` what the phones show · `ledger` what
happened · `faults`, `rate` what makes it refuse · `courier` delivery to the webhook · `platform`
ties these together · `api`, `users`, `uploads`, `oauth`, `zbs` the public endpoints (`wire` reads
and answers their calls) · `control` for tests (`/_control/…`) · `chat` the page · `httpd`,
`server` and `command` start it all.

Faults are switched by POST /_control/faults, for the next so many calls (`…_count`) or for a share
of all of them (`…_rate`): latency, HTTP 500, hanging and cut connections before or after a message
is accepted, the rate limit, a lost grant, events that come twice, late or out of order. Citizens'
windows, the access token and the clock are moved there too; `faults` and `control` list it all.

Tests start one in their own process: `with SimulatorServer(webhook_url) as simulator:`.
Times are epoch milliseconds of the simulator's own clock.
"""
