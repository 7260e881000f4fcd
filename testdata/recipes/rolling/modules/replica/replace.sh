#!/bin/sh
# Replaces one replica. It gets no requests meanwhile, and none before it answers well.
set -e
"$SHOP/bin/shop" leave "$1"
"$SHOP/bin/shop" start "$1" "$2"
"$SHOP/bin/shop" ready "$1"
"$SHOP/bin/shop" join "$1"
