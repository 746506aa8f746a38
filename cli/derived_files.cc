#include "cli/derived_files.h"

#include <iostream>

#include "cli/explained.h"
#include "cli/mistakes.h"
#include "client/keys/atomic_file.h"
#include "client/policy/consolidated.h"

namespace gbx::cli {
namespace {

constexpr std::int64_t kHour = 3600;

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

Json texts(const std::vector<std::string>& names) {
  Json::Array out;
  for (const std::string& name : names) out.emplace_back(name);
  return Json(std::move(out));
}

struct Named {
  std::string name;
  std::string sql;
};

Named read(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw Failure("nothing was checked", text, "this is no NAME=FILE",
                  "write --derived buyers=buyers.sql");
  }
  const std::string file = text.substr(equals + 1);
  auto sql = read_definition(file);
  if (!sql) throw failure_in_words("nothing was checked", file, sql.error());
  return {text.substr(0, equals), std::move(sql).value()};
}

void tell_refused(const Console& console, const Named& named, const Error& error,
                  const policy::Policy& policy) {
  client::Verdict verdict;
  verdict.code = error.code;
  verdict.reason = error.reason.view();
  verdict.where = error.where;
  console.say("derived table " + named.name + ": " + refusal_text(verdict, named.sql, policy));
  if (!console.json) return;
  Json out = Json::object({{"derived", named.name}, {"verdict", "refused"}});
  add_verdict(out, verdict, named.sql, policy);
  std::cout << out.canonical() << "\n";
}

void tell(const Console& console, const Named& named, const firewall::DerivedTable& made,
          const policy::Policy& policy, const std::vector<std::string>& beneath) {
  const client::ConsolidatedRule rule = client::consolidate(policy, made.tables);
  console.say("derived table " + named.name + " (" + list(made.columns) + "), of " +
              list(made.tables) + (beneath.empty() ? "" : ", over " + list(beneath)) +
              ", for at most " + std::to_string(made.retention_s / kHour) +
              " hours\n\nQuestions over it: " + client::consolidated_text(rule));
  if (!console.json) return;
  std::cout << Json::object({{"beneath", texts(beneath)},
                             {"columns", texts(made.columns)},
                             {"derived", named.name},
                             {"hours", made.retention_s / kHour},
                             {"rule", client::consolidated_json(rule)},
                             {"tables", texts(made.tables)},
                             {"verdict", "accepted"}})
                   .canonical()
            << "\n";
}

}  // namespace

Result<std::string> read_definition(const std::string& file) {
  if (file == "-") {
    std::string out(packet::kDerivedSqlBytesMax + 1, '\0');
    std::cin.read(out.data(), static_cast<std::streamsize>(out.size()));
    out.resize(static_cast<std::size_t>(std::cin.gcount()));
    return out;  // one byte more than may be is refused as what it is
  }
  auto sql = client::read_file(file, packet::kDerivedSqlBytesMax);
  if (sql || sql.error().reason != "file_too_large") return sql;
  return Error{ErrorCode::invalid_argument, "derived_too_large"};
}

std::size_t define_files(const Console& console, client::StaticCheck& checker,
                         const std::string& member, const std::vector<std::string>& files) {
  std::size_t out = 0;
  for (const std::string& text : files) {
    const Named named = read(text);
    const auto made = checker.define(named.name, named.sql, member);
    if (!made) {
      tell_refused(console, named, made.error(), checker.policy());
      continue;
    }
    std::vector<std::string> beneath;
    for (const std::size_t place : made->beneath) {
      beneath.push_back(checker.derived()[place].name);
    }
    tell(console, named, *made, checker.policy(), beneath);
    out++;
  }
  return out;
}

}  // namespace gbx::cli
