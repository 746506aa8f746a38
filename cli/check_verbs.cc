#include <iostream>
#include <iterator>
#include <memory>

#include "cli/derived_files.h"
#include "cli/explained.h"
#include "cli/mistakes.h"
#include "cli/template_view.h"
#include "cli/verbs.h"
#include "client/keys/atomic_file.h"
#include "client/policy/amounts.h"
#include "client/policy/rehearsal.h"
#include "client/query/static_check.h"

namespace gbx::cli {
namespace {

constexpr std::size_t kQueriesBytesMax = std::size_t{64} << 20;

struct CheckChoice {
  std::string policy;
  std::string member;
  std::vector<std::string> files;
  std::string sql;
  std::vector<std::string> derived;  // NAME=FILE
  bool templates = false;
  bool explain = false;
};

struct Checked {
  const client::Statement& statement;
  const client::Verdict& verdict;
  std::size_t number;  // in its file, from 1
  std::string file;
};

std::string read_queries(const std::string& file) {
  if (file == "-") {
    return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  }
  auto text = client::read_file(file, kQueriesBytesMax);
  if (!text) throw failure_in_words("nothing was checked", file, text.error());
  return std::move(text).value();
}

Json json_of(const Checked& checked, const client::StaticCheck& checker, bool explain) {
  const Span where = checked.statement.where;
  Json out = Json::object(
      {{"file", checked.file},
       {"place", Json(Json::Array{Json(std::int64_t{where.begin}), Json(std::int64_t{where.end})})},
       {"statement", static_cast<std::int64_t>(checked.number)},
       {"verdict", checked.verdict.accepted ? "accepted" : "refused"}});
  add_verdict(out, checked.verdict, checked.statement.text, checker.policy());
  if (explain) add_rule(out, checked.verdict, checked.statement.text, checker.policy());
  return out;
}

std::string text_of(const Checked& checked, const policy::Policy& policy, bool explain) {
  const client::Verdict& verdict = checked.verdict;
  std::string out = checked.file + ":" + std::to_string(checked.number) + ": ";
  if (explain) return out + "\n" + explained(verdict, checked.statement.text, policy);
  if (!verdict.accepted) return out + refusal_text(verdict, checked.statement.text, policy);
  out += "accepted\n  " + verdict.canonical + "\n  price  " +
         std::string(privacy::loss_name(verdict.accounting)) + " " +
         client::loss_text(verdict.accounting, verdict.price.loss) + ", delta " +
         client::delta_text(verdict.price.delta);
  if (verdict.lists) {
    return out + "; a list of persons, not a privacy guarantee, withheld unless it has safely " +
           std::to_string(verdict.people_min) + " or more";
  }
  out += "; a row stands for " + std::to_string(verdict.people_min) +
         " people or more; a person counts in " + std::to_string(verdict.groups_per_person) +
         " groups, with " + std::to_string(verdict.rows_per_group) + " rows in each";
  for (const client::Verdict::Column& column : verdict.columns) {
    if (column.half_width == 0) continue;
    out += "\n  " + column.name + "  +/- " +
           with_thousands(format_decimal(column.half_width, column.scale));
  }
  return out;
}

void check(const Console& console, const CheckChoice& choice) {
  const bool asked = !choice.files.empty() || !choice.sql.empty();
  const bool other = choice.templates || !choice.derived.empty();
  if ((!choice.files.empty() && !choice.sql.empty()) || (!asked && !other)) {
    throw Failure("nothing was checked", "", "there is no query, or there are two",
                  "name files of SQL, or - for stdin, or give --sql, or --templates");
  }
  auto checker = client::StaticCheck::make(client::rehearse_file(choice.policy));
  if (!checker) throw failure_in_words("nothing was checked", "", checker.error());
  const std::string member = asking_member(choice.member, choice.policy, checker->policy());
  const std::size_t defined = define_files(console, *checker, member, choice.derived);
  std::size_t refused = choice.derived.size() - defined;
  std::size_t all = choice.derived.size();
  const auto check_text = [&](const std::string& file, const std::string& text) {
    std::size_t number = 0;
    for (const client::Statement& statement : client::split_statements(text)) {
      const client::Verdict verdict = checker->check(statement.text, member);
      const Checked checked{statement, verdict, ++number, file};
      all++;
      refused += verdict.accepted ? 0 : 1;
      console.say(text_of(checked, checker->policy(), choice.explain));
      if (console.json) std::cout << json_of(checked, *checker, choice.explain).canonical() << "\n";
    }
  };
  for (const std::string& file : choice.files) check_text(file, read_queries(file));
  if (!choice.sql.empty()) check_text("query", choice.sql);
  if (choice.templates) {
    all += checker->policy().templates.size();
    refused += check_templates(console, checker->policy(), member);
  }
  if (all == 0) throw Failure("nothing was checked", "", "there is no statement", "write a SELECT");
  console.say(std::to_string(all - refused) + " of " + std::to_string(all) + " accepted, as " +
              member + ". No room was asked, no data read, nothing spent.");
  if (refused > 0) {
    throw Failure(std::to_string(refused) + " of " + std::to_string(all) + " are refused",
                  choice.policy, "", "");
  }
}

}  // namespace

void add_check_verbs(CLI::App& app, Console& console) {
  CLI::App* verb = app.add_subcommand("check", "Say what a policy allows, without room or data");
  auto choice = std::make_shared<CheckChoice>();
  verb->add_option("queries", choice->files, "Files of SQL statements, or -");
  verb->add_option("--policy", choice->policy, "policy.json, signed or not, or collaboration.yaml")
      ->required();
  verb->add_option("--as", choice->member, "Who asks (the first member who may)");
  verb->add_option("--sql", choice->sql, "The SQL itself, instead of files");
  verb->add_option("--derived", choice->derived,
                   "NAME=FILE: also try it as a derived table, which statements may then name; may "
                   "stand several times, in order")
      ->allow_extra_args(false);
  verb->add_flag("--templates", choice->templates, "Also try the policy's own templates");
  verb->add_flag("--explain", choice->explain,
                 "Say the rule that the tables have together, and what one person can touch");
  verb->footer(
      "Exit code 0: all are accepted; 1: some are not. With --json one line for each statement.\n"
      "Example: glovebox check --policy collaboration.yaml --as newsnow queries.sql --json\n"
      "         glovebox check --policy collaboration.yaml --derived buyers=buyers.sql --sql "
      "\"SELECT SUM(spent) FROM buyers\"");
  verb->callback([&console, choice] { telling_mistakes([&] { check(console, *choice); }); });
}

}  // namespace gbx::cli
