#!/bin/sh
# Prints how many percent of the last answers of the release that is being deployed were errors.
release=$(sed -n 's/^release = "\(.*\)"$/\1/p' live/prod/shop/terraform.tfvars)
"$SHOP/bin/shop" errors "$release"
