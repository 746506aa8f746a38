#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>

#include "cli/answer_view.h"
#include "cli/explained.h"
#include "cli/home_files.h"
#include "cli/mistakes.h"
#include "cli/own_derived.h"
#include "cli/target.h"
#include "cli/verbs.h"
#include "client/evidence/check_evidence.h"
#include "client/keys/atomic_file.h"
#include "client/policy/template_text.h"
#include "client/query/ask.h"
#include "client/query/confirm_apart.h"
#include "client/query/export_table.h"
#include "trusted/crypto/entropy.h"

namespace gbx::cli {
namespace {

constexpr unsigned kAnswerMode = 0600;                 // an answer is for its receivers
constexpr std::size_t kIdShown = 4;                    // bytes of the request's id in a file name
constexpr std::int64_t kExpectedMax = 10'000'000'000;  // more than there are people

struct QueryChoice {
  std::string sql;
  std::string file;
  std::string name;                   // of a template, in place of SQL
  std::vector<std::string> settings;  // --set
  std::string room;
  std::string policy;
  std::string epsilon;
  std::string csv;
  std::string parquet;
  std::string output;
  std::string target;               // --target-error
  std::int64_t expected = 0;        // --expect; 0 = not said
  std::vector<std::string> values;  // --expect-value
  bool dry_run = false;
  bool explain = false;
  bool yes = false;
};

// --- the question ---

std::string read_sql(const QueryChoice& choice) {
  if (choice.file.empty() == choice.sql.empty()) {
    throw Failure("nothing was asked", "", "there is no query, or there are two",
                  "give the SQL in quotes, or --file FILE, or - to read it from stdin");
  }
  if (choice.sql == "-") {
    return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  }
  if (!choice.sql.empty()) return choice.sql;
  auto text = client::read_file(choice.file, packet::kSqlBytesMax);
  if (!text) throw failure_in_words("nothing was asked", choice.file, text.error());
  return std::move(text).value();
}

client::Question read_question(const QueryChoice& choice, const policy::Policy& policy) {
  client::Question out;
  if (!choice.epsilon.empty()) out.epsilon = choice.epsilon;
  if (choice.name.empty()) {
    out.sql = read_sql(choice);
    return out;
  }
  const policy::Template& entry = client::find_template(policy, choice.name);
  out.call = client::call_template(entry, choice.settings);
  out.sql = entry.sql;
  return out;
}

// --- what can go wrong on the way ---

client::AnswerFile converse(const QueryChoice& choice, const client::PolicyFile& policy,
                            const client::Home& home, const client::Question& question) {
  try {
    crypto::SystemEntropy entropy;
    client::RoomConnection connection(choice.room);
    return client::ask({&connection, &entropy, now_seconds()}, policy, home, question);
  } catch (const std::exception&) {
    throw failure_of_asking(choice.room, question.sql, policy.policy);
  }
}

// --- the answer ---

void keep(const std::string& path, const client::AnswerFile& file) {
  const Status written = client::write_file(path, client::print_answer_file(file), kAnswerMode);
  if (!written) throw failure_in_words("the answer was not kept", path, written.error());
}

std::string answer_path(const QueryChoice& choice, const client::AnswerFile& file) {
  if (!choice.output.empty()) return choice.output;
  const Hash digest = packet::request_digest(file.request);
  return "answer-" + to_hex(ByteView(digest).first(kIdShown)) + ".json";
}

// Whether the columns are what the question asks for, as this program reads it.
Status confirmed(const client::VerifiedAnswer& answer, const client::AnswerFile& file) {
  GBX_TRY_ASSIGN(const auto policy, policy::VerifiedPolicy::verify(file.policy));
  return client::confirm_apart(policy, answer.table(), answer.predicate(), answer.request());
}

client::VerifiedAnswer verified_or_kept(const client::AnswerFile& file, const Hash& policy_hash,
                                        const std::string& path) {
  auto answer = client::VerifiedAnswer::verify(file, policy_hash, now_seconds());
  const Status known = answer ? confirmed(*answer, file) : Status(answer.error());
  if (known) return std::move(answer).value();
  const std::string kept = path + ".unverified";
  keep(kept, file);  // it was paid for, and it is the proof against whoever made it
  throw failure_in_words("the answer does not verify", kept, known.error());
}

// Before anything is paid: whoever asks here reads the answer here.
void demand_receiver(const Console& console, const client::PolicyFile& policy) {
  const auto own = client::Home::peek(console.home);
  if (!own) throw failure_in_words("nothing was asked", console.home.string(), own.error());
  const policy::Member* member = policy.policy.find_member(own->name);
  if (member != nullptr && member->abilities.receive) return;
  const bool known = member != nullptr;
  throw Failure(
      "nothing was asked", own->name,
      known ? "the policy lets this member not read answers: it could not open its own"
            : "the policy has no such member",
      known ? "ask the members for the ability receive" : "check which identity your --home holds");
}

// --- before asking ---

client::Forecast forecast_of(const client::PolicyFile& policy, const client::Home& home,
                             const client::Question& question) {
  auto verified = policy::VerifiedPolicy::verify(policy.envelope);
  if (!verified) throw failure_in_words("nothing was asked", "", verified.error());
  std::vector<sql::Derived> derived = defined(*verified, question);
  auto out = client::Forecast::make(question.sql, std::move(verified).value(), home.identity().name,
                                    question.call, std::move(derived));
  if (!out) {
    const Error error = out.error();
    throw failure_of_refusal({error.code, std::string(error.reason.view()), error.where},
                             question.sql, policy.policy);
  }
  return std::move(out).value();
}

// Where no noise is added there is none to choose.
void demand_priced(const QueryChoice& choice, const policy::Policy& policy) {
  if (!policy::threshold_only(policy.privacy)) return;
  if (choice.epsilon.empty() && choice.target.empty()) return;
  throw Failure("nothing was asked", "",
                "the policy is threshold-only: numbers are exact, and a question costs one query",
                "leave --epsilon and --target-error out");
}

// The price is asked for with what this program worked out; what the room says must bear it out.
void demand_plan(const client::VerifiedAnswer& answer, const std::vector<std::int64_t>& widths) {
  const auto& said = answer.predicate().noise.statistics;
  if (std::equal(said.begin(), said.end(), widths.begin(), widths.end(),
                 [](const auto& entry, std::int64_t width) { return entry.half_width == width; })) {
    return;
  }
  throw Failure("nothing was asked", "",
                "the room plans this question otherwise than this program does",
                "choose --epsilon yourself, by what --dry-run shows");
}

// One question and its verified answer, and where that is kept.
struct Verified {
  client::AnswerFile file;
  client::VerifiedAnswer answer;
  std::string path;
  TypicalWidths typical = {};  // of a dry run, when it was said how many people to expect
};

Verified put(const QueryChoice& choice, const client::PolicyFile& policy, const client::Home& home,
             const client::Question& question) {
  client::AnswerFile file = converse(choice, policy, home, question);
  const std::string path = answer_path(choice, file);
  client::VerifiedAnswer answer = verified_or_kept(file, policy.hash, path);
  return {.file = std::move(file), .answer = std::move(answer), .path = path};
}

// Best effort: where this program cannot plan the question, the room has said why.
std::vector<client::WideColumn> wide_columns(const client::PolicyFile& policy,
                                             const client::Home& home,
                                             const client::Question& question) {
  auto verified = policy::VerifiedPolicy::verify(policy.envelope);
  if (!verified) return {};
  std::vector<sql::Derived> derived = defined(*verified, question);
  const auto forecast =
      client::Forecast::make(question.sql, std::move(verified).value(), home.identity().name,
                             question.call, std::move(derived));
  if (!forecast) return {};
  auto wide = forecast->wide_columns();
  return wide ? std::move(wide).value() : std::vector<client::WideColumn>();
}

// What is paid for and not in the answer, as this machine reads the question.
std::string unseen_lines(const client::PolicyFile& policy, const client::Home& home,
                         const client::Question& question) {
  auto checker = client::StaticCheck::make(client::verify_policy_file(policy, "the policy"));
  if (!checker) return {};
  define_own(*checker, question);
  const std::string& member = home.identity().name;
  const client::Verdict verdict =
      question.call ? checker->check(*question.call, member) : checker->check(question.sql, member);
  std::string out;
  for (const client::Verdict::Column& column : verdict.unseen) {
    out += "Paid for, and not in the answer: " + unseen_text(column, verdict.accounting) + ".\n";
  }
  return out;
}

// The dry run of a question, told with what is typical; sets its epsilon when there is a target.
Verified tell_price(const Console& console, const QueryChoice& choice,
                    const client::PolicyFile& policy, const client::Home& home,
                    client::Question& question) {
  std::optional<client::Forecast> forecast;
  if (!choice.target.empty() || choice.expected > 0) {
    forecast = forecast_of(policy, home, question);
  }
  client::Expected expected{.people = choice.expected, .values = {}};
  if (forecast) expected.values = expected_values(*forecast, choice.values);
  if (!choice.target.empty()) {
    const std::int64_t people = target_people(choice.target, choice.expected);
    const auto share = target_share(choice.target);
    question.epsilon =
        share ? target_epsilon(*forecast, *share, expected) : target_epsilon(*forecast, people);
  }
  client::Question dry = question;
  dry.dry_run = true;
  Verified out = put(choice, policy, home, dry);
  // The room has read this epsilon: it is one.
  const std::uint64_t epsilon =
      question.epsilon ? privacy::parse_epsilon(*question.epsilon).value() : 0;
  if (!choice.target.empty()) {
    demand_plan(out.answer, forecast->statistic_widths(epsilon).value());
  }
  if (choice.expected > 0) {
    out.typical = {choice.expected, forecast->typical_widths(epsilon, expected).value()};
  }
  console.say(price_text(out.answer, out.typical));
  const std::string unseen = unseen_lines(policy, home, question);
  if (!unseen.empty()) console.say(unseen);
  const std::string hint = bounds_hint(wide_columns(policy, home, question));
  if (!hint.empty()) console.say(hint);
  return out;
}

void tell_answer(const Console& console, const QueryChoice& choice, const Verified& verified) {
  const client::VerifiedAnswer& answer = verified.answer;
  const bool dry_run = answer.table().dry_run;
  const bool kept = !dry_run || !choice.output.empty();
  if (kept) keep(verified.path, verified.file);
  if (!choice.csv.empty()) client::write_csv(answer.table(), choice.csv);
  if (!choice.parquet.empty()) client::write_parquet(answer.table(), choice.parquet);
  if (!dry_run) console.say(answer_table(answer.table()) + "\n" + answer_notes(answer));
  if (kept) {
    console.say("Kept in " + verified.path + "; anybody can check it: glovebox verify " +
                verified.path);
  }
  Json json = answer_json(answer);
  if (kept) json.set("file", verified.path);
  if (verified.typical.people > 0) {
    json.set("typical", typical_json(answer.table(), verified.typical));
  }
  console.print(json);
}

// On this machine, before the room hears of it.
void tell_why(const Console& console, const client::PolicyFile& policy, const client::Home& home,
              const client::Question& question) {
  auto checker = client::StaticCheck::make(client::verify_policy_file(policy, "the policy"));
  if (!checker) throw failure_in_words("nothing was explained", "", checker.error());
  define_own(*checker, question);
  const std::string& sql = question.sql;
  console.say(explained(checker->check(sql, home.identity().name), sql, checker->policy()) + "\n");
}

void query(const Console& console, const QueryChoice& choice) {
  const client::PolicyFile policy = client::read_policy_file(choice.policy);
  client::verify_policy_file(policy, choice.policy);
  demand_receiver(console, policy);
  client::Question question = read_question(choice, policy.policy);
  const client::Home home = open_home(console);
  demand_priced(choice, policy.policy);
  if (choice.explain || choice.dry_run || !choice.target.empty()) {
    question.known = own_derived(choice.room, policy, home);
  }
  if (choice.explain) tell_why(console, policy, home, question);
  if (choice.dry_run || !choice.target.empty()) {
    const Verified price = tell_price(console, choice, policy, home, question);
    if (choice.dry_run) return tell_answer(console, choice, price);
    if (!choice.yes && !agrees_to_ask(*question.epsilon)) {
      throw Failure("nothing was asked", "", "you did not agree", "");
    }
  }
  tell_answer(console, choice, put(choice, policy, home, question));
}

// --- verify ---

Hash trusted_hash(const Console& console, const std::string& policy,
                  const client::AnswerFile& file) {
  if (!policy.empty()) {
    const client::PolicyFile given = client::read_policy_file(policy);
    client::verify_policy_file(given, policy);
    return given.hash;
  }
  const Hash named = crypto::sha256(as_bytes(file.policy.payload));
  if (!client::is_pinned(console.home, named)) {
    throw Failure("the answer was not verified", "",
                  "it names a policy that you have not signed, and you gave none",
                  "give the policy that you trust with --policy FILE");
  }
  return named;
}

struct VerifyChoice {
  std::string path;
  std::string policy;
  std::string at;
};

void verify(const Console& console, const VerifyChoice& choice) {
  const std::string& path = choice.path;
  const auto text = client::read_file(path, client::kAnswerFileBytesMax);
  if (!text) throw failure_in_words("the answer was not verified", path, text.error());
  const Result<std::int64_t> now =
      choice.at.empty() ? now_seconds() : client::parse_time(choice.at);
  if (!now) throw failure_in_words("the answer was not verified", choice.at, now.error());
  const auto file = client::parse_answer_file(*text);
  if (!file) throw failure_in_words("FAIL: the answer does not verify", path, file.error());
  const auto answer =
      client::VerifiedAnswer::verify(*file, trusted_hash(console, choice.policy, *file), *now);
  const Status known = answer ? confirmed(*answer, *file) : Status(answer.error());
  if (!known) throw failure_in_words("FAIL: the answer does not verify", path, known.error());
  if (answer->table().dry_run) {
    console.say(price_text(*answer, {}));
  } else {
    console.say(answer->sql() + "\n\n" + answer_table(answer->table()) + "\n" +
                answer_notes(*answer));
  }
  if (!choice.at.empty()) {
    console.say("The evidence was held against " + choice.at +
                ", as you said: what was revoked or expired since does not show.");
  }
  console.print(answer_json(*answer));
}

// --- options ---

void add_asking(CLI::App* verb, const std::shared_ptr<QueryChoice>& choice) {
  verb->add_option("--room", choice->room, "The room's socket")->required();
  verb->add_option("--policy", choice->policy, "policy.json, signed by all members")->required();
  verb->add_flag("--dry-run", choice->dry_run, "Only the price: nothing is read, nothing is spent");
  verb->add_flag("--explain", choice->explain,
                 "Say first by which rule it passes or not, and what one person can touch");
  CLI::Option* epsilon = verb->add_option("--epsilon", choice->epsilon,
                                          "Spend less than the policy's price, for more noise");
  verb->add_option(
          "--target-error", choice->target,
          "Find the least epsilon: counts within 200, or all within 5% of what is expected")
      ->excludes(epsilon);
  verb->add_option("--expect", choice->expected, "About how many people a row will stand for")
      ->check(CLI::Range(std::int64_t{1}, kExpectedMax));
  verb->add_option("--expect-value", choice->values,
                   "With --expect: COLUMN=VALUE, about what one value of a sum or average is "
                   "(else a quarter into its bounds)")
      ->needs("--expect");
  verb->add_flag("-y,--yes", choice->yes, "With --target-error: do not ask whether to ask");
  verb->add_option("--csv", choice->csv, "Write the table as CSV, with the intervals");
  verb->add_option("--parquet", choice->parquet, "Write the table as Parquet, with the intervals");
  verb->add_option("-o,--output", choice->output, "Where to keep the answer (answer-ID.json)");
}

void add_query(CLI::App& app, Console& console) {
  CLI::App* verb = app.add_subcommand("query", "Ask the room, and verify what it answers");
  auto choice = std::make_shared<QueryChoice>();
  verb->add_option("sql", choice->sql, "The query, or - to read it from stdin");
  verb->add_option("--file", choice->file, "Read the query from FILE");
  add_asking(verb, choice);
  verb->footer(
      "Example: glovebox query \"SELECT campaign_id, COUNT(DISTINCT hashed_email) FROM exposures "
      "GROUP BY campaign_id\" --room room/socket --policy policy.json");
  verb->callback([&console, choice] { telling_mistakes([&] { query(console, *choice); }); });
}

void add_verify(CLI::App& app, Console& console) {
  CLI::App* verb = app.add_subcommand("verify", "Check an answer offline, from first to last byte");
  auto choice = std::make_shared<VerifyChoice>();
  verb->add_option("answer", choice->path, "answer.json")->required();
  verb->add_option("--policy", choice->policy,
                   "The policy you trust (else one that you have signed)");
  verb->add_option("--at", choice->at,
                   "The time to hold the evidence against, as 2026-11-21T12:00:00Z; else now. Say "
                   "when you got the answer, if you know it from elsewhere than the answer");
  verb->footer("Example: glovebox verify answer.json --policy policy.json");
  verb->callback([&console, choice] { telling_mistakes([&] { verify(console, *choice); }); });
}

}  // namespace

void add_template_run(CLI::App& group, Console& console) {
  CLI::App* verb = group.add_subcommand("run", "Ask the room a template, and verify the answer");
  auto choice = std::make_shared<QueryChoice>();
  verb->add_option("name", choice->name, "The template's name")->required();
  verb->add_option("--set", choice->settings, "A parameter: NAME=VALUE; may stand several times")
      ->allow_extra_args(false);
  add_asking(verb, choice);
  verb->footer(
      "Example: glovebox template run overlap --set campaign=autumn --set since=2025-01-01 "
      "--room room/socket --policy policy.json --dry-run");
  verb->callback([&console, choice] { telling_mistakes([&] { query(console, *choice); }); });
}

void add_query_verbs(CLI::App& app, Console& console) {
  add_query(app, console);
  add_verify(app, console);
}

}  // namespace gbx::cli
