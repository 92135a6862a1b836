#!/bin/sh
# Prints a token of the issuer for one of its people. A person's browser does this with kubelogin or the like.
set -eu
curl -sS --cacert issuer.crt -u "$1:$1-secret" -d grant_type=client_credentials -d scope=api -d "resource=${2:-urn:skiff}" \
  https://localhost:5556/token | grep -o '"access_token":"[^"]*"' | cut -d'"' -f4
