#include <map>
#include <memory>

#include "cli/home_files.h"
#include "cli/mistakes.h"
#include "cli/verbs.h"
#include "client/keys/atomic_file.h"
#include "client/keys/token_key.h"
#include "client/prepare/failure.h"
#include "client/prepare/own_rows.h"
#include "client/query/answer_file.h"
#include "client/query/export_table.h"
#include "client/query/verify_answer.h"

namespace gbx::cli {
namespace {

constexpr unsigned kPrivateMode = 0600;  // it names people
constexpr const char* kNothing = "no audience was written";

struct AudienceChoice {
  std::string answer;
  std::string policy;
  std::string manifest;
  std::vector<std::string> columns;
  std::string output = "audience.csv";
};

client::VerifiedAnswer verified(const AudienceChoice& choice, const Hash& policy) {
  const auto text = client::read_file(choice.answer, client::kAnswerFileBytesMax);
  if (!text) throw failure_in_words(kNothing, choice.answer, text.error());
  const auto file = client::parse_answer_file(*text);
  if (!file) throw failure_in_words(kNothing, choice.answer, file.error());
  auto answer = client::VerifiedAnswer::verify(*file, policy, now_seconds());
  if (!answer) throw failure_in_words(kNothing, choice.answer, answer.error());
  if (!answer->predicate().list || answer->table().dry_run) {
    throw Failure(kNothing, choice.answer, "the answer is no list of persons",
                  "ask for one: SELECT DISTINCT of the person, joined with a table of your own");
  }
  return std::move(answer).value();
}

std::size_t person_column(const packet::AnswerTable& table) {
  std::size_t out = 0;
  while (table.columns[out].kind != packet::OutputKind::person) out++;  // verified: there is one
  return out;
}

Token token_in(const packet::OutputCell& cell) {
  Token out{};
  const auto bytes = from_hex(std::get<std::string>(cell.value));
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

// Rows of the list by person.
using Listed = std::map<Token, std::vector<std::size_t>>;

Listed listed_by_person(const packet::AnswerTable& table) {
  Listed out;
  const std::size_t person = person_column(table);
  for (std::size_t i = 0; i < table.rows.size(); i++) {
    out[token_in(table.rows[i][person])].push_back(i);
  }
  return out;
}

std::vector<prepare::OwnRow> find_rows(const Console& console, const AudienceChoice& choice,
                                       const policy::Policy& policy, const Listed& listed) {
  const client::Home home = open_home(console);
  const Secret<32>* key = home.token_key(policy.id, policy.token_epoch);
  if (key == nullptr) {
    throw Failure(kNothing, console.home.string(), "it has no token key of this collaboration",
                  "use the home that prepared your table (--home)");
  }
  const auto tokeniser = client::make_tokeniser(*key, {policy.id, policy.token_epoch});
  const prepare::TableManifest manifest = prepare::read_manifest(choice.manifest);
  const std::string kind(prepare::identifier_name(*manifest.person().identifier));
  const prepare::TokenMaker token = [&](std::string_view identifier) {
    Bytes message;
    client::token_message(kind, identifier, message);
    return tokeniser->token(message);
  };
  prepare::TokenSet wanted;
  for (const auto& [person, rows] : listed) wanted.insert(person);
  return prepare::own_rows(manifest, token, std::move(wanted), choice.columns);
}

// Own columns, then what the list has beside the person.
packet::AnswerTable joined(const AudienceChoice& choice, const packet::AnswerTable& list,
                           const Listed& listed, const std::vector<prepare::OwnRow>& own) {
  const std::size_t person = person_column(list);
  packet::AnswerTable out;
  std::vector<std::string> names = choice.columns;
  if (names.empty()) names.push_back(list.columns[person].name);
  for (const std::string& name : names) {
    out.columns.push_back({name, {Type::text, 0}, packet::OutputKind::listed});
  }
  for (const packet::Output& column : list.columns) {
    if (column.kind == packet::OutputKind::listed) out.columns.push_back(column);
  }
  for (const prepare::OwnRow& row : own) {
    for (const std::size_t place : listed.at(row.person)) {
      std::vector<packet::OutputCell>& cells = out.rows.emplace_back();
      for (const std::string& value : row.values) cells.push_back({value, {}});
      for (std::size_t i = 0; i < list.columns.size(); i++) {
        if (list.columns[i].kind != packet::OutputKind::listed) continue;
        cells.push_back(list.rows[place][i]);
      }
    }
  }
  return out;
}

void audience(const Console& console, const AudienceChoice& choice) {
  const policy::VerifiedPolicy policy = read_policy(choice.policy);
  const client::VerifiedAnswer answer = verified(choice, policy.hash());
  const Listed listed = listed_by_person(answer.table());
  std::vector<prepare::OwnRow> own;
  try {
    own = find_rows(console, choice, policy.policy(), listed);
  } catch (const prepare::Failure& failure) {
    throw Failure(kNothing, choice.manifest, failure.what(),
                  "name the manifest that your table was prepared with");
  }
  const packet::AnswerTable table = joined(choice, answer.table(), listed, own);
  const Status written = client::write_file(choice.output, client::to_csv(table), kPrivateMode);
  if (!written) throw failure_in_words(kNothing, choice.output, written.error());
  const std::size_t lost = listed.size() - own.size();
  std::string said = "Wrote " + choice.output + ": " + with_thousands(std::to_string(own.size())) +
                     " of the list's " + with_thousands(std::to_string(listed.size())) +
                     " persons are in your file.";
  if (lost > 0) said += " The others were when the table was prepared.";
  console.say(said +
              "\nIt names people, and is not a privacy guarantee: who reads it knows that "
              "each of them is in the others' tables.");
  console.print(Json::object({{"file", choice.output},
                              {"guarantee", packet::kListGuarantee},
                              {"listed", static_cast<std::int64_t>(listed.size())},
                              {"persons", static_cast<std::int64_t>(own.size())},
                              {"rows", static_cast<std::int64_t>(table.rows.size())},
                              {"verdict", "PASS"}}));
}

}  // namespace

void add_audience_verbs(CLI::App& app, Console& console) {
  CLI::App* verb = app.add_subcommand(
      "audience", "Turn a verified list of persons into rows of your own file, on this machine");
  auto choice = std::make_shared<AudienceChoice>();
  verb->add_option("answer", choice->answer, "What `glovebox query -o` kept")->required();
  verb->add_option("--policy", choice->policy, "policy.json, signed by all members")->required();
  verb->add_option("--manifest", choice->manifest, "The manifest of your own table")->required();
  verb->add_option("--column", choice->columns,
                   "A column of your file to write, such as its row key; may stand several times "
                   "(else the identifier)");
  verb->add_option("-o,--output", choice->output, "The CSV to write")->capture_default_str();
  verb->footer(
      "Example: glovebox audience list.json --policy policy.json --manifest newsnow.manifest.yaml "
      "--column user_id -o audience.csv\n"
      "         where list.json is of: glovebox query \"SELECT DISTINCT hashed_email FROM "
      "exposures "
      "JOIN purchases USING (hashed_email)\" --room room/socket --policy policy.json -o list.json\n"
      "A list is not a privacy guarantee: docs/spec/audience.md");
  verb->callback([&console, choice] { telling_mistakes([&] { audience(console, *choice); }); });
}

}  // namespace gbx::cli
