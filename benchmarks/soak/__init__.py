"""`make soak`: hundreds of simulated citizens while everything around them fails.

What is where: `machine` the whole assistant on this machine, with processes that can be killed and
a database, a store and a Rasa that can be restarted · `citizens` what they ask and what they should
read · `ledger` what became of each message, from the platform's side alone · `trials` one fault
after the other · `burst` events faster than anybody writes.
"""
