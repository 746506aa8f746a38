#include <algorithm>
#include <memory>

#include "cli/derived_files.h"
#include "cli/home_files.h"
#include "cli/mistakes.h"
#include "cli/verbs.h"
#include "client/keys/atomic_file.h"
#include "client/policy/consolidated.h"
#include "client/query/ask_derived.h"
#include "client/query/static_check.h"
#include "trusted/crypto/entropy.h"

namespace gbx::cli {
namespace {

using client::printable;  // texts and names of other members, on this terminal

constexpr const char* kNothing = "nothing was asked";
constexpr std::int64_t kHour = 3600;
constexpr std::size_t kDigitsShown = 8;  // of a digest

struct DerivedChoice {
  std::string name;
  std::string file;
  std::string sql;
  std::string room;
  std::string policy;
  std::int64_t hours = 0;  // 0: as long as the policy's tables allow
  bool all = false;
};

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + printable(name);
  return out;
}

std::string definition_of(const DerivedChoice& choice) {
  if (choice.file.empty() == choice.sql.empty()) {
    throw Failure(kNothing, "", "there is no definition, or there are two",
                  "name a file of one SELECT, or - for stdin, or give --sql");
  }
  if (!choice.sql.empty()) return choice.sql;
  auto text = read_definition(choice.file);
  if (!text) throw failure_in_words(kNothing, choice.file, text.error());
  return std::move(text).value();
}

// Allowed by every table that allows any: a room refuses what is too long for those beneath.
std::int64_t hours_of(const DerivedChoice& choice, const policy::Policy& policy) {
  if (choice.hours > 0) return choice.hours;
  std::uint32_t least = policy::kDerivedHoursMax;
  bool any = false;
  for (const policy::Table& table : policy.tables) {
    if (table.rule.derived_hours == 0) continue;
    any = true;
    least = std::min(least, table.rule.derived_hours);
  }
  if (any) return least;
  throw failure_in_words(kNothing, choice.policy,
                         Error{ErrorCode::policy_denied, "derived_not_allowed"});
}

// A word of SQL cannot be named in FROM. The name is our own: it is parsed here.
void demand_name(const std::string& name, const client::PolicyFile& policy) {
  const auto checker = client::StaticCheck::make(client::verify_policy_file(policy, "the policy"));
  if (!checker) throw failure_in_words(kNothing, "", checker.error());
  const client::Verdict verdict = checker->check("SELECT COUNT(*) FROM " + name, "");
  if (verdict.reason != "syntax_error") return;
  throw failure_in_words(kNothing, name,
                         Error{ErrorCode::invalid_argument, "derived_name_malformed"});
}

packet::DerivedList converse(const DerivedChoice& choice, const client::PolicyFile& policy,
                             const client::Home& home, const packet::DerivedCall& call) {
  try {
    crypto::SystemEntropy entropy;
    client::RoomConnection connection(choice.room);
    return client::ask_derived({&connection, &entropy, now_seconds()}, policy, home, call);
  } catch (const std::exception&) {
    throw failure_of_asking(choice.room, call.sql, policy.policy);
  }
}

std::string line_of(const packet::ListedTable& listed) {
  const packet::DerivedTable& table = listed.table;
  return printable(table.name) + " (" + list(listed.columns) + "), of " + list(listed.tables) +
         (listed.beneath.empty() ? "" : ", over " + list(listed.beneath)) + ", by " +
         printable(table.member) + " until " + format_timestamp(table.until * 1'000'000) + " UTC";
}

std::string text_of(const packet::DerivedList& all) {
  std::vector<std::string> lines;
  for (const packet::ListedTable& listed : all.tables) lines.push_back(line_of(listed));
  for (const packet::Veto& veto : all.vetoes) {
    lines.push_back("vetoed by " + printable(veto.owner) + ": " +
                    (veto.name.empty() ? "all over its tables" : printable(veto.name)));
  }
  if (lines.empty()) return "The room has no derived tables.";
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

const packet::ListedTable& find(const packet::DerivedList& all, const std::string& name) {
  const auto found = std::find_if(all.tables.begin(), all.tables.end(),
                                  [&](const auto& listed) { return listed.table.name == name; });
  if (found == all.tables.end()) {
    throw failure_in_words(kNothing, name, Error{ErrorCode::not_found, "derived_unknown"});
  }
  return *found;
}

// Tables of the policy only: what a room says of others is no reason to look for them.
std::vector<std::string> known_tables(const packet::ListedTable& listed,
                                      const policy::Policy& policy) {
  std::vector<std::string> out;
  for (const std::string& name : listed.tables) {
    if (policy.find_table(name) != nullptr) out.push_back(name);
  }
  return out;
}

Json json_of(const packet::ListedTable& listed, const policy::Policy& policy) {
  Json out = packet::encode(packet::DerivedList{{listed}, {}}).find("tables")->array()->front();
  out.set("digest", to_hex(packet::derived_digest(listed.table)));
  out.set("rule",
          client::consolidated_json(client::consolidate(policy, known_tables(listed, policy))));
  return out;
}

void tell(const Console& console, const packet::ListedTable& listed, const policy::Policy& policy) {
  const Hash digest = packet::derived_digest(listed.table);
  console.say(line_of(listed) + "\n  " + printable(listed.table.sql) + "\n  in the ledger as " +
              to_hex(digest).substr(0, kDigitsShown) + "...\n\nQuestions over it: " +
              client::consolidated_text(client::consolidate(policy, known_tables(listed, policy))));
  console.print(json_of(listed, policy));
}

void create(const Console& console, const DerivedChoice& choice) {
  const client::PolicyFile policy = client::read_policy_file(choice.policy);
  client::verify_policy_file(policy, choice.policy);
  packet::DerivedCall call{packet::DerivedAction::create, choice.name, definition_of(choice), 0};
  if (call.sql.size() > packet::kDerivedSqlBytesMax) {
    throw failure_in_words(kNothing, choice.name,
                           Error{ErrorCode::invalid_argument, "derived_too_large"});
  }
  call.until = now_seconds() + hours_of(choice, policy.policy) * kHour;
  demand_name(choice.name, policy);
  const client::Home home = open_home(console);
  const packet::DerivedList all = converse(choice, policy, home, call);
  tell(console, find(all, choice.name), policy.policy);
}

void show(const Console& console, const DerivedChoice& choice) {
  const client::PolicyFile policy = client::read_policy_file(choice.policy);
  client::verify_policy_file(policy, choice.policy);
  const packet::DerivedList all = converse(choice, policy, open_home(console), {});
  tell(console, find(all, choice.name), policy.policy);
}

// List, drop and veto: what there is afterwards.
void ask_for(const Console& console, const DerivedChoice& choice, const packet::DerivedCall& call) {
  const client::PolicyFile policy = client::read_policy_file(choice.policy);
  client::verify_policy_file(policy, choice.policy);
  const packet::DerivedList all = converse(choice, policy, open_home(console), call);
  console.say(text_of(all));
  console.print(packet::encode(all));
}

void veto(const Console& console, const DerivedChoice& choice) {
  if (choice.all == !choice.name.empty()) {
    throw Failure(kNothing, "", "there is no name, or there are two",
                  "name one derived table, or say --all");
  }
  ask_for(console, choice, {packet::DerivedAction::veto, choice.name, {}, 0});
}

// --- options ---

using DerivedVerb = void (*)(const Console&, const DerivedChoice&);

std::shared_ptr<DerivedChoice> add_verb(CLI::App* verb, Console& console, DerivedVerb run) {
  auto choice = std::make_shared<DerivedChoice>();
  verb->add_option("--room", choice->room, "The room's socket")->required();
  verb->add_option("--policy", choice->policy, "policy.json, signed by all members")->required();
  verb->callback([&console, choice, run] { telling_mistakes([&] { run(console, *choice); }); });
  return choice;
}

void add_create(CLI::App& group, Console& console) {
  CLI::App* verb = group.add_subcommand("create", "Define one: a name for a sub-select");
  const auto choice = add_verb(verb, console, create);
  verb->add_option("name", choice->name, "How questions call it")->required();
  verb->add_option("file", choice->file, "A file of one SELECT that shows the person, or -");
  verb->add_option("--sql", choice->sql, "The SELECT itself, instead of a file");
  verb->add_option("--hours", choice->hours, "For how long (as long as the tables allow)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{policy::kDerivedHoursMax}));
  verb->footer(
      "Example: glovebox derived create buyers --sql \"SELECT hashed_email, SUM(total_spent) AS "
      "spent FROM purchases GROUP BY hashed_email\" --room room/socket --policy policy.json");
}

void add_plain(CLI::App& group, Console& console) {
  CLI::App* all = group.add_subcommand("list", "Which there are, of what, by whom, until when");
  add_verb(all, console, [](const Console& terminal, const DerivedChoice& choice) {
    ask_for(terminal, choice, {});
  });
  all->footer("Example: glovebox derived list --room room/socket --policy policy.json");
  CLI::App* one = group.add_subcommand("show", "The text of one, its lineage and inherited rule");
  const auto shown = add_verb(one, console, show);
  one->add_option("name", shown->name, "Which")->required();
  one->footer("Example: glovebox derived show buyers --room room/socket --policy policy.json");
  CLI::App* drop = group.add_subcommand("drop", "Take away one of your own, and what stands on it");
  const auto dropped =
      add_verb(drop, console, [](const Console& terminal, const DerivedChoice& choice) {
        ask_for(terminal, choice, {packet::DerivedAction::drop, choice.name, {}, 0});
      });
  drop->add_option("name", dropped->name, "Which")->required();
  drop->footer("Example: glovebox derived drop buyers --room room/socket --policy policy.json");
}

void add_veto(CLI::App& group, Console& console) {
  CLI::App* verb = group.add_subcommand(
      "veto", "As the owner of a table beneath it: take one away, for as long as the room lives");
  const auto choice = add_verb(verb, console, veto);
  verb->add_option("name", choice->name, "Which; it need not be there yet");
  verb->add_flag("--all", choice->all, "All over your tables, now and later");
  verb->footer(
      "Example: glovebox derived veto buyers --room room/socket --policy policy.json\n"
      "What a veto does and does not: docs/spec/derived.md");
}

}  // namespace

void add_derived_verbs(CLI::App& app, Console& console) {
  CLI::App* group = app.add_subcommand("derived", "Names for sub-selects that all may ask about");
  group->require_subcommand(1);
  group->footer("Example: glovebox derived list --room room/socket --policy policy.json");
  add_create(*group, console);
  add_plain(*group, console);
  add_veto(*group, console);
}

}  // namespace gbx::cli
