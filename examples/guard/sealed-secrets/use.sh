#!/bin/sh
# Puts an encryption configuration into use: fills in the keys, and puts it in place as a whole.
set -eu
sed "s|FIRST|$(cat keys/first)|; s|SECOND|$(cat keys/second)|" "$1" > keys/sealed.yaml.new
mv keys/sealed.yaml.new keys/sealed.yaml
