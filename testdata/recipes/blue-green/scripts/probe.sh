#!/bin/sh
# Succeeds when the release that is being deployed answers, before anybody is sent to it.
release=$(sed -n 's/^release = "\(.*\)"$/\1/p' live/prod/release.tfvars)
"$SHOP/bin/shop" ready "$release"
