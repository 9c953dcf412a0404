"""Each module measures one thing beside a peer, prints a table and writes results/<name>.json."""
