#include "client/policy/explain.h"

#include <algorithm>

#include "client/policy/amounts.h"
#include "client/policy/explain_rule.h"
#include "client/policy/row_filter_text.h"
#include "client/policy/template_text.h"
#include "client/policy/wording.h"

namespace gbx::client {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

std::string joined(const std::vector<std::string>& words, const std::string& last = ", ") {
  std::string out;
  for (std::size_t i = 0; i < words.size(); i++) {
    if (i > 0) out += i + 1 == words.size() ? last : ", ";
    out += words[i];
  }
  return out;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

std::string type_text(ValueType type) {
  std::string out(type_name(type.type));
  if (type.type == Type::decimal) out += "(" + std::to_string(type.scale) + ")";
  return out;
}

std::vector<std::string> who(const policy::Policy& policy, bool policy::Abilities::* ability) {
  std::vector<std::string> out;
  for (const policy::Member& member : policy.members) {
    if (member.abilities.*ability) out.push_back(member.name);
  }
  return out;
}

std::string abilities_text(const policy::Abilities& can) {
  std::vector<std::string> out;
  if (can.provide) out.emplace_back("provide");
  if (can.query) out.emplace_back("query");
  if (can.receive) out.emplace_back("receive");
  if (can.audit) out.emplace_back("audit");
  return joined(out);
}

std::string day_text(std::int64_t seconds) { return format_date(seconds / kSecondsPerDay); }

// --- show ---

std::string show_column(const policy::Column& column) {
  std::string out = "    " + padded(column.name, 22) + " " + padded(type_text(column.type), 12) +
                    " " + padded(std::string(label_name(column.label)), 10);
  if (column.nullable) out += " nullable";
  if (column.bounded) {
    out += " " + format_value(column.low, column.type) + " .. " +
           format_value(column.high, column.type);
  }
  if (!column.domain.empty()) {
    out += " one of " + std::to_string(column.domain.size()) + " public values";
  }
  while (out.back() == ' ') out.pop_back();
  return out + "\n";
}

std::string noise_names(const policy::Privacy& privacy) {
  std::vector<std::string> out;
  if (privacy.laplace) out.emplace_back("laplace");
  if (privacy.gaussian) out.emplace_back("gaussian");
  return joined(out);
}

std::string open_rows_name(privacy::OpenRows open_rows) {
  switch (open_rows) {
    case privacy::OpenRows::select: return "select";
    case privacy::OpenRows::hide: return "hide";
    case privacy::OpenRows::show: return "show";
  }
  return {};
}

std::string show_privacy(const policy::Privacy& privacy) {
  const std::string k = "  k " + thousands(privacy.people_min) + "; ";
  if (policy::threshold_only(privacy)) {
    return k + thousands(static_cast<std::int64_t>(privacy.queries)) +
           " queries to each table\n  threshold-only, " + std::string(policy::kThresholdOnly) +
           "\n";
  }
  return k + "epsilon " + privacy::format_epsilon(privacy.epsilon) + ", " +
         privacy::format_epsilon(privacy.epsilon_per_query) + " a query; delta " +
         privacy::format_delta(privacy.delta) + ", " +
         privacy::format_delta(privacy.delta_per_query) + " a query\n  accounting " +
         std::string(privacy::accounting_name(privacy.accounting)) +
         "; noise: " + noise_names(privacy) +
         "; selection: " + (privacy.geometric ? "geometric" : "threshold") +
         "; open rows: " + open_rows_name(privacy.open_rows) +
         "; outer joins: " + (privacy.outer_joins ? "doubled" : "refuse") + "\n";
}

std::string show_table(const policy::Policy& policy, const policy::Table& table) {
  std::string out = "  " + table.name + ", of " + table.owner + "; person: " + table.person + " (" +
                    table.identifier + "); at most " + thousands(table.rows_per_person) +
                    " rows a person\n";
  for (const policy::Column& column : table.columns) out += show_column(column);
  out += "    " + allowed_in(table) + "\n";
  const bool joins =
      table.rule.kind == policy::RuleKind::custom || !table.rule.join_columns.empty();
  out += "    joins on: " + (joins ? table.person : "nothing") +
         "; people in each row of an answer: at least " + thousands(people_min(policy, table)) +
         "\n";
  if (table.row_filter) out += "    only rows where " + row_filter_text(table) + "\n";
  return out;
}

// --- explain ---

std::string explain_members(const policy::Policy& policy) {
  std::string out = "Who may do what\n";
  const auto line = [&](const std::vector<std::string>& names, const std::string& what) {
    if (!names.empty()) out += "  - " + joined(names, " and ") + " may " + what + ".\n";
  };
  line(who(policy, &policy::Abilities::provide), "bring data");
  line(who(policy, &policy::Abilities::query), "ask questions");
  line(who(policy, &policy::Abilities::receive),
       "read the answers; they are sealed to everybody named here");
  for (const policy::Member& member : policy.members) {
    out += rations_text(member.rations, "  - By its ration, " + member.name + " ");
  }
  line(who(policy, &policy::Abilities::list),
       "ask for lists of persons whom they have themselves, each sealed to who asked");
  line(who(policy, &policy::Abilities::audit), "audit the log");
  return out;
}

// What one person can move a sum by in one group, in the column's last digit.
std::int64_t sum_reach(const policy::Column& column, const policy::Privacy& privacy) {
  const std::int64_t most = std::max(std::abs(column.low), std::abs(column.high));
  return most * std::int64_t{privacy.rows_per_group};
}

std::string explain_sum(const policy::Policy& policy, const policy::Column& column) {
  const policy::Privacy& privacy = policy.privacy;
  const std::int64_t reach = sum_reach(column, privacy);
  if (reach <= 0) return {};
  const Widths grouped = widths_of(privacy, true, reach);
  return "  - One person changes a sum of " + column.name + " by at most " +
         thousands(format_value(reach, column.type)) + " in one group; the noise on it is within " +
         thousands(format_value(grouped.measure, column.type)) +
         " 19 times out of 20, asked together with a count of people and grouped.\n";
}

std::string noise_word(const policy::Privacy& privacy) {
  if (!privacy.gaussian) return "Laplace";
  return privacy.laplace ? "Laplace or Gaussian, whichever is narrower" : "Gaussian";
}

std::string explain_differencing(const policy::Differencing& differencing) {
  return std::string(
             "  - A question that differs from an earlier one, of whomever, by a narrow "
             "condition (at most ") +
         thousands(differencing.values) + " values, less than " +
         std::to_string(differencing.percent) + " % of a declared width, a moved bound) is " +
         (differencing.refuse ? "refused" : "answered, and flagged in answer and log") +
         ". That slows down whoever subtracts answers, and stops nobody.\n";
}

std::string explain_contribution(const policy::Privacy& privacy) {
  return "  - One person counts in at most " + thousands(privacy.groups_per_person) +
         " groups of an answer, and with at most " + thousands(privacy.rows_per_group) +
         " rows in each.\n";
}

std::string explain_threshold_only(const policy::Policy& policy) {
  const policy::Privacy& privacy = policy.privacy;
  return "No noise\n  - " + std::string(kNotAGuarantee) + "\n" + explain_contribution(privacy) +
         "  - Which rows appear: those of at least k = " + thousands(privacy.people_min) +
         " people. One person more or less can be what makes a row appear.\n"
         "  - Refused: quantiles, and aggregates under a condition (FILTER, CASE, COUNT_IF, "
         "columns that can be NULL): they could be about fewer people than their row.\n"
         "  - Each table answers " +
         thousands(static_cast<std::int64_t>(privacy.queries)) +
         " questions in all. That is a ration, not a measure of what people lose.\n" +
         explain_differencing(privacy.differencing);
}

std::string explain_noise(const policy::Policy& policy) {
  const policy::Privacy& privacy = policy.privacy;
  const Widths grouped = widths_of(privacy, true, 0);
  const Widths whole = widths_of(privacy, false, 0);
  std::string out = "What one person can change, and what the noise hides\n";
  out += explain_contribution(privacy);
  out += "  - A count of people is within " + thousands(grouped.persons) +
         " of the truth 19 times out of 20 when grouped, within " + thousands(whole.persons) +
         " when not: the noise hides about so many people, and any single one.\n";
  out += "  - The noise is " + noise_word(privacy) + ", drawn anew for each number.\n";
  for (const policy::Table& table : policy.tables) {
    for (const policy::AggregateColumns& entry : table.rule.aggregate_columns) {
      if (entry.function != policy::AggregateFunction::sum) continue;
      for (const std::string& name : entry.columns) {
        out += explain_sum(policy, *policy::find_column(table, name));
      }
    }
  }
  return out;
}

// Groups that everybody knows to exist, as "campaign_id of exposures".
std::vector<std::string> public_groups(const policy::Policy& policy) {
  std::vector<std::string> out;
  for (const policy::Table& table : policy.tables) {
    for (const std::string& name : table.rule.dimension_columns) {
      const policy::Column* column = policy::find_column(table, name);
      if (column != nullptr && !column->domain.empty()) out.push_back(name + " of " + table.name);
    }
  }
  return out;
}

std::string open_rows_text(privacy::OpenRows open_rows) {
  switch (open_rows) {
    case privacy::OpenRows::select:
      return "numbers only when at least k people are behind it and the noise does not hide that. "
             "That costs delta";
    case privacy::OpenRows::hide:
      return "no numbers when the noised number of people is below k and a margin; with fewer than "
             "k it shows them less than once in a million times. That costs no delta";
    case privacy::OpenRows::show:
      return "its noised numbers always, even when nobody is behind it: k does not hold there, the "
             "noise does. That costs no delta";
  }
  return {};
}

std::string explain_rows(const policy::Policy& policy) {
  const policy::Privacy& privacy = policy.privacy;
  std::string out =
      "Which rows appear\n  - A group that is not on a public list appears only when ";
  out += privacy.geometric ? "a noised count, or a coin where people are not counted, says that it "
                           : "its noised number of people says that it ";
  out += "is safely at least k = " + thousands(privacy.people_min) + ". That costs delta.\n";
  const std::vector<std::string> lists = public_groups(policy);
  out += "  - " +
         (lists.empty() ? std::string("The one row of a question without groups")
                        : "Groups by " + joined(lists, " and ") +
                              ", and the one row of a question without groups,") +
         (lists.empty() ? " is public" : " are public") +
         ": such a row always stands there. It shows " + open_rows_text(privacy.open_rows) + ".\n";
  if (privacy.outer_joins) {
    out +=
        "Outer and anti joins are answered, with noise for twice as many groups of one person: who "
        "leaves one table only may be in other groups then.\n";
  }
  return out;
}

std::string explain_accounting(const policy::Policy& policy) {
  const policy::Privacy& privacy = policy.privacy;
  const privacy::Price price = policy::price_of(privacy, privacy.epsilon_per_query);
  if (privacy.accounting == privacy::Accounting::pure) {
    return "  - Epsilons are added up as they are (pure accounting).\n";
  }
  return "  - Rhos are added up (zcdp accounting), so that many small questions cost less "
         "together: "
         "a question costs rho " +
         loss_text(privacy.accounting, price.loss) + ", and the whole is kept below rho " +
         loss_text(privacy.accounting, policy::budget_of(privacy).loss) + ", which is epsilon " +
         privacy::format_epsilon(privacy.epsilon) + " for half of the delta.\n";
}

std::string explain_budget(const policy::Policy& policy) {
  const policy::Privacy& privacy = policy.privacy;
  const auto queries = [&](bool selecting) {
    return thousands(static_cast<std::int64_t>(queries_in_budget(privacy, selecting)));
  };
  const std::string most =
      privacy.open_rows == privacy::OpenRows::select
          ? queries(true) + " questions to each table at full price."
          : queries(false) +
                " questions to each table at full price about rows that are public, which cost no "
                "delta, or " +
                queries(true) + " about groups that people's rows decide.";
  return "How far the budget goes\n  - Each table has epsilon " +
         privacy::format_epsilon(privacy.epsilon) + " and delta " +
         privacy::format_delta(privacy.delta) + " in all; a question costs epsilon " +
         privacy::format_epsilon(privacy.epsilon_per_query) + " and delta " +
         privacy::format_delta(privacy.delta_per_query) + ", or less if it says so.\n" +
         explain_accounting(policy) + "  - That is " + most +
         " Then the table is silent until all members sign a new policy.\n" +
         explain_differencing(privacy.differencing);
}

// "sim (1 image) or snp (2 images)".
std::string platforms_text(const attest::TrustPolicy& trust) {
  std::string out;
  for (const attest::Platform platform : attest::kPlatforms) {
    const std::size_t images = attest::images_of(trust, platform).size();
    if (images == 0) continue;
    out += (out.empty() ? "" : " or ") + std::string(attest::platform_name(platform)) + " (" +
           std::to_string(images) + (images == 1 ? " image)" : " images)");
  }
  return out;
}

std::string show_trust(const attest::TrustPolicy& trust) {
  std::string out = "\nTrust (every word of it: glovebox trust show)\n  at least " +
                    std::string(attest::assurance_word(trust.min_assurance)) + "\n";
  for (const attest::Platform platform : attest::kPlatforms) {
    for (const Hash& image : attest::images_of(trust, platform)) {
      out += "  " + std::string(attest::platform_name(platform)) + " image " + to_hex(image) + "\n";
    }
  }
  return out;
}

std::string explain_trust(const policy::Policy& policy) {
  const std::string minimum(attest::assurance_word(policy.trust.min_assurance));
  std::string out = "Where it runs, and how long\n  - In a room that proves at least " + minimum +
                    ", on " + platforms_text(policy.trust) + ".\n";
  if (policy.trust.min_assurance == attest::Assurance::insecure_sim) {
    out +=
        "    INSECURE-SIM proves nothing: whoever runs the machine can read everything. For "
        "trying out only.\n";
  }
  out += "  - Until " + day_text(policy.expires) + ", then the room refuses every question.\n";
  return out;
}

}  // namespace

std::string show_policy(const PolicyFile& file) {
  const policy::Policy& policy = file.policy;
  const policy::Privacy& privacy = policy.privacy;
  std::string out = policy.name + ", version " + std::to_string(policy.version) + "\n  id    " +
                    policy.id + "\n  hash  " + to_hex(file.hash) + "\n";
  if (policy.previous) out += "  after " + to_hex(*policy.previous) + "\n";
  out += "  holds until " + day_text(policy.expires) + "; token epoch " +
         std::to_string(policy.token_epoch) + "\n\nMembers\n";
  for (const policy::Member& member : policy.members) {
    out += "  " + padded(member.name, 20) + " " + padded(abilities_text(member.abilities), 32) +
           " key " + packet::key_id(member.signing_key).substr(0, 16) + "\n" +
           rations_text(member.rations, "    ");
  }
  out += "\nTables\n";
  for (const policy::Table& table : policy.tables) out += show_table(policy, table);
  if (!policy.templates.empty()) out += "\nTemplates\n";
  for (const policy::Template& entry : policy.templates) out += show_template(entry);
  out += "\nPrivacy\n" + show_privacy(privacy) +
         "  one person: " + thousands(privacy.groups_per_person) + " groups, " +
         thousands(privacy.rows_per_group) +
         " rows in each\n  near questions: " + (privacy.differencing.refuse ? "refuse" : "flag") +
         "; narrow: " + thousands(privacy.differencing.values) + " values, " +
         std::to_string(privacy.differencing.percent) + " %\n" + show_trust(policy.trust);
  out += "\nLimits\n  " + thousands(static_cast<std::int64_t>(policy.limits.rows)) + " rows, " +
         thousands(policy.limits.seconds) + " s and " +
         thousands(static_cast<std::int64_t>(policy.limits.memory_mib)) + " MiB a query, " +
         thousands(policy.limits.result_rows) + " rows in an answer\n";
  return out;
}

std::string explain_policy(const policy::Policy& policy) {
  std::string out = explain_members(policy) + "What each table gives\n";
  for (const policy::Table& table : policy.tables) out += explain_table(policy, table);
  out += explain_together(policy);
  out += explain_templates(policy);
  out += "  - Nobody gets a row or an identifier: people are joined and counted, nothing else.\n";
  if (policy::threshold_only(policy.privacy)) {
    return std::string(kNotAGuarantee) + "\n" + out + explain_threshold_only(policy) +
           explain_trust(policy);
  }
  return out + explain_noise(policy) + explain_rows(policy) + explain_budget(policy) +
         explain_trust(policy);
}

}  // namespace gbx::client
