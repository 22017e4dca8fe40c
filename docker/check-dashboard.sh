#!/usr/bin/env bash
# Asks a Prometheus that scrapes a fedstep for every expression of the dashboard; fails where it has
# no answer. Those of a cluster, and of privacy's budget, are passed over where there is none.
# Use: check-dashboard.sh http://localhost:9090 [DASHBOARD.json]   Needs jq and promtool.
set -euo pipefail
prometheus=${1:?use: check-dashboard.sh PROMETHEUS_URL [DASHBOARD.json]}
dashboard=${2:-$(dirname "$0")/grafana/dashboards/fedstep.json}

expressions=$(jq -r '.panels[] | recurse(.panels[]?) | .title as $title | .targets[]?
    | [$title, (.expr | gsub("\\$(job|model)\\b"; ".*") | gsub("\\$__rate_interval\\b"; "1m"))]
    | join("\t")' "$dashboard")
[ -n "$expressions" ] || { echo "no expression in $dashboard"; exit 1; }

ask() { promtool query instant "$prometheus" "$1" 2>&1; }
cluster=$(ask fedstep_cluster_led)
budget=$(ask fedstep_privacy_budget)
failed=0
while IFS=$'\t' read -r title expression; do
  if [ -z "$cluster" ] && [[ $expression == *fedstep_cluster_* ]]; then
    verdict="passed over, no cluster"
  elif [ -z "$budget" ] && [[ $expression == *fedstep_privacy_* ]]; then
    verdict="passed over, no model with a privacy budget"
  elif ! answer=$(ask "$expression"); then
    verdict="FAILED, $answer"
  elif [ -z "$answer" ]; then
    verdict="FAILED, no answer"
  else
    verdict="$(wc -l <<<"$answer") series"
  fi
  [[ $verdict == FAILED* ]] && failed=$((failed + 1))
  printf '%s: %s\n    %s\n' "$title" "$verdict" "$expression"
done <<<"$expressions"

echo "$(wc -l <<<"$expressions") expressions, $failed failed"
[ "$failed" = 0 ]
