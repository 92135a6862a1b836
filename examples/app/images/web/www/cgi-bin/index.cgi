#!/bin/sh
# The board: a greeting from the ConfigMap, and the notices that the store keeps.
token=$(cat /etc/store-token/token)
notices=$(timeout 3 wget -q -O - --header "X-Token: $token" "$STORE_URL/cgi-bin/notices") || {
  printf 'Status: 502 Bad Gateway\r\nContent-Type: text/plain\r\n\r\nThe store does not answer.\n'
  exit 0
}
printf 'Content-Type: text/plain\r\n\r\n'
printf '%s (version %s, from %s)\n\n%s\n' "$(cat /etc/board/greeting)" "$(cat /www/version)" "$(hostname)" "$notices"
