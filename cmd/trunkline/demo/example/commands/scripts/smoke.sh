#!/bin/sh
# Looks at what was deployed: every component of the environment must have an address.
set -e
for component in network app; do
  grep -q '^address' "$DEPLOYED/$TRUNKLINE_ENVIRONMENT/$component"
  echo "$component in $TRUNKLINE_ENVIRONMENT answers"
done
