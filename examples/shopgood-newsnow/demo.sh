#!/usr/bin/env bash
# `./dev demo [--keep DIR]`: tells the story of the example with the real commands and their real
# output, and ends with 1 if anything is not as it is told. Needs a build (--build, build/dev).
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build/dev
keep=
while [ $# -gt 0 ]; do
  case "$1" in
    --keep) keep=${2:?--keep needs a folder}; shift 2 ;;
    --build) build=$(cd "${2:?--build needs a folder}" && pwd); shift 2 ;;
    *) echo "usage: demo.sh [--keep DIR] [--build DIR]" >&2; exit 2 ;;
  esac
done
if [ -n "$keep" ]; then
  mkdir -p "$keep"
  stage=$(cd "$keep" && pwd)
  [ -z "$(ls -A "$stage")" ] || { echo "demo: $keep is not empty" >&2; exit 2; }
else
  stage=$(mktemp -d)
fi
export PATH=$build/bin:$PATH
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold= dim= plain=; fi

hosts=()
finish() {
  local host
  for host in "${hosts[@]}"; do kill "$host" 2>/dev/null || true; done
  [ -n "$keep" ] || rm -rf "$stage"
}
trap finish EXIT

# --- how the story is told ------------------------------------------------------------------------

chapter() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
tell() { printf '\n'; fold -s -w 96 <<<"$*" | sed 's/ *$//'; }
broken() { printf '\ndemo: NOT AS TOLD: %s\n' "$*" >&2; exit 1; }

# Runs $2 in the folder of party $1, shows both; the output stays in $out, the exit code in $code.
try() {
  local party=$1 command=$2
  printf '%s%s$%s %s\n' "$dim" "$party" "$plain" "$command"
  code=0
  out=$(cd "$stage/$party" && GLOVEBOX_HOME=home \
    GLOVEBOX_PASSPHRASE="the passphrase of $party" bash -c "$command" 2>&1) || code=$?
  [ -z "$out" ] || sed 's/^/    /' <<<"$out"
}

# As try(), and it must work.
on() {
  try "$@"
  [ "$code" = 0 ] || broken "that command failed"
}

# As try(), and it must be refused with the words $3.
refused() {
  try "$1" "$2"
  [ "$code" != 0 ] || broken "that command should have been refused"
  grep -q -- "$3" <<<"$out" || broken "the refusal does not say $3"
}

# The last output must match.
shows() { grep -Eq -- "$1" <<<"$out" || broken "the output does not show: $1"; }

# Changes one byte of file $1: the one at offset $2, or $3 bytes after the first "$2".
change_byte() {
  local file=$1 offset=$2 byte
  case "$offset" in
    *[!0-9]*) offset=$(grep -obF -m1 -- "$2" "$file" | head -n 1 | cut -d: -f1)
      offset=$((offset + ${#2} + $3)) ;;
  esac
  byte=$(dd if="$file" bs=1 skip="$offset" count=1 2>/dev/null)
  case "$byte" in [0-8]) byte=9 ;; 9) byte=1 ;; A) byte=B ;; *) byte=A ;; esac
  printf %s "$byte" | dd of="$file" bs=1 seek="$offset" conv=notrunc 2>/dev/null
}

# Starts the host of a room in folder $1, under policy $2.
start_host() {
  printf '%shost$%s gloveboxd --dir %s --policy %s &\n' "$dim" "$plain" "$1" "$2"
  (cd "$stage/host" && exec gloveboxd --dir "$1" --policy "$2" >"$1.log" 2>&1) &
  hosts+=($!)
  local i
  for i in $(seq 100); do
    [ ! -S "$stage/host/$1/socket" ] || { sed 's/^/    /' "$stage/host/$1.log"; return; }
    sleep 0.05
  done
  cat "$stage/host/$1.log" >&2
  broken "no room started"
}

# The host puts replay.py, with the arguments $1, between the analyst and the room.
listen_in() {
  cp "$here/replay.py" "$stage/host/"
  printf '%shost$%s python3 replay.py %s &\n' "$dim" "$plain" "$1"
  (cd "$stage/host" && exec python3 replay.py $1 >tap.log 2>&1) &
  tap=$!
  local i
  for i in $(seq 100); do [ ! -S "$stage/host/${1%% *}" ] || return 0; sleep 0.05; done
  broken "nobody listens"
}

# What replay.py says when the conversation is over must have the words $1.
caught() {
  if [ -n "$tap" ]; then
    wait "$tap" || true
    tap=
    printf '%shost$%s fg\n' "$dim" "$plain"
    sed 's/^/    /' "$stage/host/tap.log"
  fi
  grep -q -- "$1" "$stage/host/tap.log" || broken "the host does not say $1"
}

# --- the parts that both rooms have in common -----------------------------------------------------

# Copies what one party sends to another, and says so.
send() {
  printf '%s%s$%s cp %s ../%s/\n' "$dim" "$1" "$plain" "$2" "$3"
  (cd "$stage/$1" && cp $2 "../$3/")
}

# The agreement of both under the name $1.json.
agree() {
  sed "s/IMAGE_DIGEST/$(glovebox measure | tail -n 1)/" "$here/collaboration.yaml" \
    >"$stage/shopgood/$1.yaml"
  on shopgood "glovebox policy build $1.yaml -o $1.json"
  on shopgood "glovebox policy sign $1.json --yes | tail -n 3"
  send shopgood "$1.json" newsnow
  on newsnow "glovebox policy sign $1.json --yes | tail -n 2"
  send newsnow "$1.json" shopgood
  send newsnow "$1.json" host
}

# Both owners' snapshots of folder $1 to the room in host/$1, under policy $1.json.
provide_both() {
  local rest="--room ../host/$1/socket --policy $1.json"
  on shopgood "glovebox provide $1/purchases.gbx $rest"
  on newsnow "glovebox provide $1/exposures.gbx $rest"
}

attribution="SELECT campaign_id, COUNT(DISTINCT hashed_email) AS converted_users,
         SUM(total_spent) AS total_revenue
  FROM exposures JOIN purchases USING (hashed_email)
  WHERE exposure_date < purchase_date
  GROUP BY campaign_id"
overlap="SELECT COUNT(DISTINCT hashed_email) AS people FROM exposures JOIN purchases
  USING (hashed_email) WHERE total_spent > 100"
reach="SELECT campaign_id, COUNT(DISTINCT hashed_email) AS reach FROM exposures
  GROUP BY campaign_id ORDER BY reach DESC LIMIT 5"

# ask ROOM OUTPUT SQL [OPTION...]: the analyst's command, as a line to show and run.
ask() {
  local room=$1 answer=$2 sql=$3
  shift 3
  echo "glovebox query ${*:+$* }--room ../host/$room/socket --policy $room.json -o $answer \\
  \"$sql\""
}

# --- 1: two tiny tables ---------------------------------------------------------------------------

tiny_tables() {
  chapter "1. Two companies, two small tables"
  tell "ShopGood sells shoes. NewsNow shows its ads. Did people who saw an ad buy something \
afterwards? Neither may show the other its customers. Here are their tables:"
  mkdir -p "$stage"/{shopgood,newsnow}/{tiny,large} "$stage/host"
  cp "$here"/shopgood.{csv,manifest.yaml} "$stage/shopgood/tiny/"
  cp "$here"/newsnow.{csv,manifest.yaml} "$stage/newsnow/tiny/"
  on shopgood "cat tiny/shopgood.csv"
  on newsnow "cat tiny/newsnow.csv"

  tell "Each makes an identity at home, once, and sends its public half to the other."
  on shopgood "glovebox init --name shopgood && glovebox identity export"
  on newsnow "glovebox init --name newsnow && glovebox identity export"
  send newsnow newsnow.id shopgood

  tell "They agree on what may be asked: count people, sum what they spent, by campaign; no row \
for fewer than k = 50 people; a privacy budget for four questions. Both sign the same bytes."
  agree tiny
  on newsnow "glovebox policy explain tiny.json"

  tell "Addresses become tokens under a key that both have and the host has not. Then each seals \
its table. What is not agreed on stays at home."
  on shopgood "glovebox token-key new --policy tiny.json"
  send shopgood token-key.json newsnow
  on newsnow "glovebox token-key accept token-key.json --policy tiny.json"
  on shopgood "glovebox prepare tiny/shopgood.manifest.yaml --policy tiny.json \
-o tiny/purchases.gbx"
  on newsnow "glovebox prepare tiny/newsnow.manifest.yaml --policy tiny.json \
-o tiny/exposures.gbx"

  tell "A machine that neither of them controls starts a room. Each owner's program checks what \
runs there before it hands over its key, and some of what all rooms of all its collaborations \
together may ever tell about its people: each owner has decided that, and keeps the ledger at home."
  on shopgood "glovebox budget set --epsilon 4 --delta 2e-6"
  on newsnow "glovebox budget set --epsilon 4 --delta 2e-6"
  start_host tiny tiny.json
  provide_both tiny

  tell "NewsNow asks."
  on newsnow "$(ask tiny tiny/answer.json "$attribution")"
  shows 'withheld|fewer than'
  tell "Nothing is shown, and that is right: in truth two people saw the campaign and bought for \
107.75 in all, and two people are fewer than 50. Whoever knows NewsNow's four readers would have \
learned who of them shops at ShopGood."
  tell "ShopGood ends the room. What was not spent comes back by a statement that the room signs."
  on shopgood "glovebox room close --room ../host/tiny/socket --policy tiny.json"
}

# --- 2: a million customers -----------------------------------------------------------------------

large_tables() {
  chapter "2. The same companies with a million customers and two million exposures"
  tell "Real files are dirty: addresses are missing, malformed, in mixed case; some people see \
thousands of ads. The generator makes such files."
  printf '%shost$%s shopgood-newsnow-generate .\n' "$dim" "$plain"
  shopgood-newsnow-generate "$stage"
  mv "$stage/shopgood.csv" "$stage/shopgood/large/"
  mv "$stage/newsnow.csv" "$stage/newsnow/large/"
  cp "$here/shopgood.manifest.yaml" "$stage/shopgood/large/"
  cp "$here/newsnow.manifest.yaml" "$stage/newsnow/large/"
  on shopgood "wc -l large/shopgood.csv && head -n 3 large/shopgood.csv"
  on newsnow "wc -l large/newsnow.csv && head -n 3 large/newsnow.csv"
  agree large
  on shopgood "glovebox token-key new --policy large.json -o large-key.json"
  send shopgood large-key.json newsnow
  on newsnow "glovebox token-key accept large-key.json --policy large.json"
  on shopgood "glovebox prepare large/shopgood.manifest.yaml --policy large.json --max-rejects 5% \
-o large/purchases.gbx"
  on newsnow "glovebox prepare large/newsnow.manifest.yaml --policy large.json --max-rejects 5% \
-o large/exposures.gbx"
  start_host large large.json
  provide_both large

  tell "What would it cost? A dry run spends nothing and touches no data."
  on newsnow "$(ask large large/price.json "$attribution" --dry-run)"
  tell "Attribution: who saw a campaign and bought later, and for how much."
  on newsnow "$(ask large large/attribution.json "$attribution")"
  shows 'sg_fall25'
  tell "In truth, which only this demo can know, sg_fall25 led 69,777 people to buy for \
13,472,519. The interval is of the noise; what the bounds cut off (a person counts in at most \
5 campaigns, with 3 rows in each) is not in it."
  tell "Overlap: how many readers spent more than 100 at ShopGood."
  on newsnow "$(ask large large/overlap.json "$overlap")"
  tell "Reach: the five campaigns that most people saw. ORDER BY and LIMIT see only what was \
released."
  on newsnow "$(ask large large/reach.json "$reach")"
  tell "Anybody with the answer can check it offline, for example ShopGood, who may read it too."
  send newsnow large/attribution.json shopgood
  on shopgood "glovebox verify attribution.json --policy large.json"
  shows 'PASS'
  tell "What both rooms have had of ShopGood's customers:"
  on shopgood "glovebox budget show"
  shows 'allotted  epsilon 2'
}

# --- 3: what a cheat gets -------------------------------------------------------------------------

cheats() {
  chapter "3. What a cheat gets"
  tell "The analyst asks for a person."
  refused newsnow "$(ask large no.json "SELECT hashed_email FROM purchases")" policy_denied

  tell "Somebody changes one byte of ShopGood's sealed data before it reaches the room."
  cp "$stage/shopgood/tiny/purchases.gbx" "$stage/shopgood/tiny/changed.gbx"
  cp "$stage/shopgood/tiny/purchases.gbx.json" "$stage/shopgood/tiny/changed.gbx.json"
  change_byte "$stage/shopgood/tiny/changed.gbx" 70000
  start_host cheat tiny.json
  refused shopgood "glovebox provide tiny/changed.gbx --room ../host/cheat/socket \
--policy tiny.json" seal_broken

  tell "The author of the agreement makes k = 10 of k = 50 after the other has signed: one byte."
  local agreed changed
  agreed=$(grep -o '"payload":"[^"]*"' "$stage/shopgood/large.json" | cut -d'"' -f4)
  changed=$(base64 -d <<<"$agreed" | sed 's/"k":50/"k":10/' | base64 -w0)
  sed "s|$agreed|$changed|" "$stage/shopgood/large.json" >"$stage/newsnow/changed.json"
  refused newsnow "glovebox policy verify changed.json" wrong

  tell "Somebody changes one byte of the room's evidence, or one figure of the answer."
  cp "$stage/shopgood/attribution.json" "$stage/shopgood/evidence.json"
  change_byte "$stage/shopgood/evidence.json" '"evidence":"' 200
  refused shopgood "glovebox verify evidence.json --policy large.json" evidence
  cp "$stage/shopgood/attribution.json" "$stage/shopgood/result.json"
  change_byte "$stage/shopgood/result.json" '["sg_denim"],["' 0
  refused shopgood "glovebox verify result.json --policy large.json" 'changed after the room signed'

  tell "The host answers NewsNow's question itself: it says that the budget is used up."
  listen_in "large/tap large/socket loss_exhausted"
  refused newsnow "$(ask large large/no.json "$overlap" | sed s,large/socket,large/tap,)" \
    'the host, not the room, refused'
  caught "in the room's name"

  tell "NewsNow asks on. The host listens in, and then sends the question to the room a second \
time, for two answers with different noise."
  listen_in "large/tap large/socket"
  on newsnow "$(ask large large/fourth.json "${overlap/> 100/> 200}" |
    sed s,large/socket,large/tap,)"
  caught 'cannot read it'
  caught request_replayed

  tell "That was the last of the budget."
  refused newsnow "$(ask large large/fifth.json "${overlap/> 100/> 300}")" budget_exhausted
}

start=$SECONDS
tiny_tables
large_tables
cheats
chapter "Everything was as it was told, in $((SECONDS - start)) s."
[ -z "$keep" ] || echo "It is all in $keep: the homes, the sealed data, the answers, the ledger."
