#!/bin/sh
# What an admin and a support engineer set over time, for the chats in events.jsonl.
# `continuation demo` runs these commands; by hand, where $DIR has events.jsonl and later.jsonl:
#   DIR=/tmp/try CONTINUATION_DB=/tmp/try/chat.db sh setup.sh
set -e

continuation settings set transport "maildir:$DIR/maildir"

continuation settings set from-email help@wheelhouse.example --channel wheelhouse
continuation settings set brand-name Wheelhouse --channel wheelhouse
continuation settings set brand-color "#0b6e4f" --channel wheelhouse
continuation settings set timezone Europe/London --channel wheelhouse
continuation settings set inbound-domain reply.wheelhouse.example --channel wheelhouse

continuation settings set from-email support@ledgerly.example --channel ledgerly
continuation settings set brand-name Ledgerly --channel ledgerly
continuation settings set reply-url "https://ledgerly.example/app/#/help" --channel ledgerly
continuation settings set unseen-delay never --channel ledgerly
continuation settings set daily-cap 1 --channel ledgerly
continuation settings set enabled off --channel ledgerly-staging

continuation suppressions add billing@gone.example --reason bounce
continuation suppressions add kim@mail.example --reason unsubscribe
continuation hold stolen-bike --why "the insurer answers first"

# One customer gets the one email a day that ledgerly allows; then the agent writes again.
continuation sweep --conversation api-keys --quiet
continuation import "$DIR/later.jsonl" --quiet
