#include "cli/answer_view.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include "cli/console.h"
#include "client/policy/amounts.h"
#include "client/policy/explain.h"
#include "client/policy/template_text.h"
#include "client/policy/wording.h"

namespace gbx::cli {
namespace {

using client::printable;

constexpr const char* kPlusMinus = "±";
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::size_t kListRowsShown = 10;  // of a list of persons; files have all of them

std::string number_text(std::int64_t value, ValueType type) {
  const std::string text = format_value(value, type);
  const bool counts = type.type == Type::integer || type.type == Type::decimal;
  return counts ? with_thousands(text) : text;
}

// A number that is not there is withheld; a computed one may have no value.
std::string missing(const std::vector<packet::OutputCell>& row, const packet::Output& column) {
  if (column.kind == packet::OutputKind::group) return "NULL";
  if (column.kind == packet::OutputKind::listed) return "NULL";
  if (column.kind == packet::OutputKind::window) return "NULL";
  const bool withheld =
      column.kind != packet::OutputKind::computed ||
      std::any_of(column.inputs.begin(), column.inputs.end(), [&](const auto& input) {
        return std::holds_alternative<std::monostate>(row[input.column].value);
      });
  return withheld ? "withheld" : "NULL";
}

std::string cell_text(const std::vector<packet::OutputCell>& row, std::size_t index,
                      const packet::Output& column) {
  const packet::OutputCell& cell = row[index];
  if (const auto* text = std::get_if<std::string>(&cell.value)) return printable(*text);
  const auto* value = std::get_if<std::int64_t>(&cell.value);
  if (value == nullptr) return missing(row, column);
  std::string shown = number_text(*value, column.type);
  if (!cell.interval) return shown;
  const Int128 below = Int128{*value} - cell.interval->low;
  const Int128 above = Int128{cell.interval->high} - *value;
  if (below == above && above >= 0 && above <= INT64_MAX) {
    return shown + " " + kPlusMinus + " " +
           number_text(static_cast<std::int64_t>(above), column.type);
  }
  return shown + " (" + number_text(cell.interval->low, column.type) + " .. " +
         number_text(cell.interval->high, column.type) + ")";
}

bool is_grouped(const packet::AnswerTable& table) {
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [](const auto& column) { return column.kind == packet::OutputKind::group; });
}

bool is_exact(const packet::NoiseParameters& noise) {
  return noise.selection == privacy::Selection::exact;
}

std::string people(std::int64_t count) { return with_thousands(std::to_string(count)) + " people"; }

std::string withheld_text(const client::VerifiedAnswer& answer) {
  const packet::AnswerTable& table = answer.table();
  const std::string least = people(answer.predicate().noise.people_min);
  const std::string unsafe = is_exact(answer.predicate().noise)
                                 ? std::string()
                                 : ", or not enough above it to say so safely";
  if (!is_grouped(table)) {
    if (!table.rows.empty() && table.withheld != 1) return {};
    return "Withheld: too few people stand behind the answer (fewer than " + least + unsafe +
           ").\n";
  }
  if (!table.withheld) {
    return "Groups of fewer than about " + least +
           " are not shown; how many there are is not said, because it would tell of people.\n";
  }
  if (*table.withheld == 0) return "No group of the public lists is withheld.\n";
  return with_thousands(std::to_string(*table.withheld)) +
         " of the groups in the policy's public lists are withheld: fewer than " + least + unsafe +
         ".\n";
}

// What k means for the rows of this answer.
std::string people_line(const packet::NoiseParameters& noise) {
  const std::string least = people(noise.people_min);
  switch (noise.selection) {
    case privacy::Selection::threshold:
    case privacy::Selection::exact:
    case privacy::Selection::geometric: return "Each row stands for at least " + least + ".\n";
    case privacy::Selection::margin:
      return "Each row with numbers stands for at least " + least +
             ", but for one in a million: the noised number of people decides.\n";
    case privacy::Selection::none:
      return "Rows of public groups have numbers however few people stand behind them: only the "
             "noise hides people.\n";
  }
  return {};
}

bool is_list(const packet::AnswerTable& table) {
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [](const auto& column) { return column.kind == packet::OutputKind::person; });
}

std::int64_t persons_in(const packet::AnswerTable& table) {
  std::set<std::string> out;
  for (std::size_t i = 0; i < table.columns.size(); i++) {
    if (table.columns[i].kind != packet::OutputKind::person) continue;
    for (const auto& row : table.rows) out.insert(std::get<std::string>(row[i].value));
    break;
  }
  return static_cast<std::int64_t>(out.size());
}

// What a list of persons is, and is not.
std::string list_lines(const client::VerifiedAnswer& answer) {
  const packet::AnswerTable& table = answer.table();
  const packet::NoiseParameters& noise = answer.predicate().noise;
  const std::string least = people(noise.people_min);
  std::string out = "A list of persons, NOT A PRIVACY GUARANTEE: each of them is shown.\n";
  if (table.dry_run) {
    return out + "It is withheld unless it has " + least + ", and safely so.\n";
  }
  if (table.withheld == 1) {
    return out + "Withheld: it has fewer than " + least +
           (is_exact(noise) ? "" : ", or not enough above it to say so safely") +
           ". That was paid for like a list.\n";
  }
  out += people(persons_in(table)) + " in " + with_thousands(std::to_string(table.rows.size())) +
         " rows";
  if (table.rows_cut > 0) {
    out += "; " + with_thousands(std::to_string(table.rows_cut)) +
           " more rows were cut by the policy's result_rows";
  }
  return out + ". Whose tokens these are: glovebox audience ANSWER --manifest MANIFEST\n";
}

constexpr double kShownDelta = 1e-6;
constexpr std::size_t kShownDigits = 16;  // of a digest

std::string short_number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

double ones_of_rho(std::uint64_t rho) {
  return static_cast<double>(rho) / static_cast<double>(privacy::kRhoUnit);
}

// What is left in zcdp, as the epsilon that it is worth: with the half of the budget's delta that
// pays for the conversion (privacy::limit_for()).
std::string worth_of(const packet::BudgetMove& move, const policy::Privacy& privacy) {
  if (privacy.accounting != privacy::Accounting::zcdp || move.after.loss == 0) return {};
  const std::uint64_t delta = std::max<std::uint64_t>(1, privacy.delta / 2);
  const double epsilon = privacy::epsilon_of_rho(
      ones_of_rho(move.after.loss),
      static_cast<double>(delta) / static_cast<double>(privacy::kDeltaUnit));
  return " (worth epsilon " + short_number(epsilon) + " at delta " + client::delta_text(delta) +
         ")";
}

std::string template_line(const packet::AnswerPredicate& predicate) {
  return predicate.call ? "Template " + printable(client::call_text(*predicate.call)) + ".\n" : "";
}

std::string budget_lines(const client::VerifiedAnswer& answer, bool dry_run) {
  const packet::AnswerPredicate& predicate = answer.predicate();
  std::string out;
  for (const packet::BudgetMove& move : predicate.budget) {
    const packet::NoiseParameters& noise = predicate.noise;
    std::uint64_t more = move.after.loss / noise.price.loss;
    if (noise.price.delta != 0) more = std::min(more, move.after.delta / noise.price.delta);
    out += "  " + move.table + ": " + std::string(loss_name(noise.accounting)) + " " +
           client::loss_text(noise.accounting, move.before.loss) +
           (dry_run ? " left, would be " : " before, ") +
           client::loss_text(noise.accounting, move.after.loss) + (dry_run ? "" : " left") +
           worth_of(move, answer.policy().privacy) + "; " +
           (more == 0 ? "no more such question" : std::to_string(more) + " more such question") +
           (more == 1 || more == 0 ? "" : "s") + "\n";
  }
  return out;
}

std::string noise_line(const packet::AnswerPredicate& predicate) {
  if (is_exact(predicate.noise)) return std::string(client::kNotAGuarantee) + "\n";
  return std::string(kPlusMinus) +
         " is the 95 % interval of the noise alone; the noise hides about " +
         people(predicate.noise.hides_people) + ".\n";
}

// What computed columns were made of: released, so in the answer, though nobody asked to see it.
std::string computed_lines(const packet::AnswerTable& table) {
  std::string out;
  for (const packet::Output& column : table.columns) {
    if (!column.input) continue;
    out += (out.empty() ? "" : ", ") + printable(column.name);
  }
  if (out.empty()) return out;
  return "Computed of released numbers, which are in the file too (--csv, --json): " + out + ".\n";
}

// Windows read many rows, each with its noise, and have no interval.
std::string window_lines(const packet::AnswerTable& table) {
  const bool windows = std::any_of(table.columns.begin(), table.columns.end(), [](const auto& one) {
    return one.kind == packet::OutputKind::window;
  });
  if (!windows) return {};
  if (table.rows_cut > 0) return "Windows are not shown: result_rows cut rows that they read.\n";
  std::string out = "Windows, and what is computed of them, are of all released rows: without ";
  out += std::string(kPlusMinus) + ".";
  if (table.others.empty()) return out + "\n";
  return out + " " + with_thousands(std::to_string(table.others.size())) +
         " of these rows are not shown, but in the file.\n";
}

// What the same noise costs in the other accounting, where it has a price.
std::string other_price(const packet::NoiseParameters& noise) {
  if (is_exact(noise)) return {};
  privacy::Plan other;
  const bool pure = noise.accounting == privacy::Accounting::pure;
  other.accounting = pure ? privacy::Accounting::zcdp : privacy::Accounting::pure;
  for (const packet::NoisedStatistic& entry : noise.statistics) {
    if (!pure && entry.statistic.noise == privacy::NoiseKind::gaussian) return {};
    other.statistics.push_back(entry.statistic);
  }
  const auto loss = static_cast<double>(other.price().loss);
  const auto unit = static_cast<double>(pure ? privacy::kRhoUnit : privacy::kEpsilonUnit);
  return ", in " + std::string(accounting_name(other.accounting)) + " accounting about " +
         std::string(loss_name(other.accounting)) + " " + short_number(loss / unit);
}

// The difference of two answers is about whom only one of them counts.
std::string derived_lines(const packet::AnswerPredicate& predicate) {
  std::string out;
  for (const packet::DerivedTable& table : predicate.derived) {
    out += "Stands on the derived table " + printable(table.name) + ", which " +
           printable(table.member) + " defined (" +
           to_hex(packet::derived_digest(table)).substr(0, kShownDigits) +
           "): " + printable(table.sql) + "\n";
  }
  return out;
}

std::string near_line(const packet::AnswerPredicate& predicate) {
  if (predicate.near.empty()) return {};
  std::string out =
      "NEAR an earlier question: the difference of the answers may be about few people "
      "(request";
  out += predicate.near.size() == 1 ? "" : "s";
  for (const Hash& request : predicate.near) out += " " + to_hex(request).substr(0, kShownDigits);
  return out + "). Owners read this in the log.\n";
}

std::string price_line(const packet::NoiseParameters& noise) {
  if (is_exact(noise)) return "one query";
  std::string out = std::string(loss_name(noise.accounting)) + " " +
                    client::loss_text(noise.accounting, noise.price.loss) + ", delta " +
                    client::delta_text(noise.price.delta);
  if (noise.accounting == privacy::Accounting::zcdp) {
    const double alone = privacy::epsilon_of_rho(ones_of_rho(noise.price.loss), kShownDelta);
    out += " (alone: epsilon " + short_number(alone) + " at delta 1e-6)";
  }
  return out;
}

std::string column_width(const packet::Output& column, std::optional<std::int64_t> typical,
                         std::int64_t expected) {
  if (column.kind == packet::OutputKind::group) return "group";
  if (column.kind == packet::OutputKind::person) return "one person in each row";
  if (column.kind == packet::OutputKind::listed) return "of the person, exact";
  if (column.kind == packet::OutputKind::window) return "of all released rows, without an interval";
  const bool computed = column.kind == packet::OutputKind::computed;
  const bool number = column.type.type == Type::integer || column.type.type == Type::decimal;
  const bool exact = column.inputs.empty() || column.inputs.front().statistics.empty();
  if (column.kind == packet::OutputKind::exact || (computed && (exact || !number))) {
    return computed ? "computed of other columns" : "exact";
  }
  const std::string sign = std::string(kPlusMinus) + " ";
  if (column.half_width) return sign + number_text(*column.half_width, column.type) + " (95 %)";
  if (!typical) return sign + "depends on the answer; --expect N shows what is typical";
  return sign + number_text(*typical, column.type) + " (95 %), typically, in a row of " +
         people(expected);
}

Json budget_json(const packet::AnswerPredicate& predicate) {
  Json::Array out;
  for (const packet::BudgetMove& move : predicate.budget) {
    const privacy::Accounting accounting = predicate.noise.accounting;
    const std::string loss(loss_name(accounting));
    out.push_back(Json::object({{loss + "_after", format_loss(accounting, move.after.loss)},
                                {loss + "_before", format_loss(accounting, move.before.loss)},
                                {"table", move.table}}));
  }
  return Json(std::move(out));
}

}  // namespace

std::string answer_table(const packet::AnswerTable& table) {
  TextTable out;
  for (const packet::Output& column : table.columns) {
    if (column.input) continue;  // in the file, and in what --csv and --json write
    out.header.push_back(printable(column.name));
    out.right.push_back(column.type.type == Type::integer || column.type.type == Type::decimal);
  }
  const std::size_t most = is_list(table) ? kListRowsShown : table.rows.size();
  for (const auto& row : table.rows) {
    if (out.rows.size() == most) break;
    std::vector<std::string>& cells = out.rows.emplace_back();
    for (std::size_t i = 0; i < row.size(); i++) {
      if (!table.columns[i].input) cells.push_back(cell_text(row, i, table.columns[i]));
    }
  }
  if (table.rows.size() > most) {
    return out.text() + "... and " + with_thousands(std::to_string(table.rows.size() - most)) +
           " more rows\n";
  }
  if (table.rows_cut == 0) return out.text();
  return out.text() + "... and " + with_thousands(std::to_string(table.rows_cut)) +
         " more groups, cut by result_rows\n";
}

std::string answer_notes(const client::VerifiedAnswer& answer) {
  const packet::AnswerPredicate& predicate = answer.predicate();
  std::string out = template_line(predicate) + derived_lines(predicate);
  if (predicate.list) {
    out += list_lines(answer);
  } else {
    out += noise_line(predicate) + computed_lines(answer.table()) + window_lines(answer.table()) +
           near_line(predicate) + withheld_text(answer) + people_line(predicate.noise);
  }
  if (predicate.repeat_of) {
    out += "Paid nothing: it repeats the answer to request " +
           to_hex(*predicate.repeat_of).substr(0, kShownDigits) + ", of price " +
           price_line(predicate.noise) + ".\n";
  } else {
    out += "Paid " + price_line(predicate.noise) + ":\n";
  }
  return out + budget_lines(answer, false) + verdict_line(answer);
}

std::string price_text(const client::VerifiedAnswer& answer, const TypicalWidths& typical) {
  const packet::AnswerPredicate& predicate = answer.predicate();
  const std::vector<packet::Output>& columns = answer.table().columns;
  const std::string price = price_line(predicate.noise) + other_price(predicate.noise);
  std::string out = template_line(predicate) + derived_lines(predicate) + "Price: ";
  out += predicate.repeat_of ? "nothing, it was asked before (at " + price + ")" : price;
  out += "; nothing was read or spent.\n";
  for (std::size_t i = 0; i < columns.size(); i++) {
    out += "  " + printable(columns[i].name) + ": " +
           column_width(columns[i], i < typical.widths.size() ? typical.widths[i] : std::nullopt,
                        typical.people) +
           "\n";
  }
  out += predicate.list
             ? list_lines(answer)
             : noise_line(predicate) + near_line(predicate) + people_line(predicate.noise);
  out += "Budget:\n" + budget_lines(answer, true);
  return out + verdict_line(answer);
}

std::string bounds_hint(const std::vector<client::WideColumn>& wide) {
  if (wide.empty()) return {};
  std::string out;
  for (const client::WideColumn& column : wide) {
    out += "Hint: the noise of " + printable(column.name) + " follows from the bounds " +
           number_text(column.low, column.type) + " .. " + number_text(column.high, column.type) +
           " of one value.\n";
  }
  return out +
         "  If values are mostly smaller, ask APPROX_BOUNDS_LOW(x), APPROX_BOUNDS_HIGH(x) first, "
         "at a "
         "price of its own,\n  and then with CLAMP(x, low, high) in place of x.";
}

std::string verdict_line(const client::VerifiedAnswer& answer) {
  const packet::AnswerPredicate& predicate = answer.predicate();
  std::string word(answer.assurance());
  if (word == "INSECURE-SIM") word += ", which proves nothing about the machine";
  if (word.starts_with("DEV-")) word += ", which whoever owns the machine can forge";
  return "PASS (" + word + "): asked by " + predicate.member + " on " +
         format_date(predicate.time / kSecondsPerDay) + " under \"" +
         printable(answer.policy().name) + "\" version " + std::to_string(answer.policy().version) +
         ", signed by the attested room, log entry " + std::to_string(predicate.log_size) + ".";
}

Json typical_json(const packet::AnswerTable& table, const TypicalWidths& typical) {
  Json::Array out;
  for (std::size_t i = 0; i < std::min(table.columns.size(), typical.widths.size()); i++) {
    const packet::Output& column = table.columns[i];
    if (column.half_width || !typical.widths[i]) continue;
    out.push_back(Json::object(
        {{"column", column.name}, {"half_width", format_value(*typical.widths[i], column.type)}}));
  }
  return Json(std::move(out));
}

Json answer_json(const client::VerifiedAnswer& answer) {
  const packet::AnswerPredicate& predicate = answer.predicate();
  const std::string price = client::epsilon_text(answer.policy().privacy.epsilon_per_query);
  Json out = Json::object({{"asked_epsilon", answer.request().epsilon.value_or(price)},
                           {"assurance", answer.assurance()},
                           {"budget", budget_json(predicate)},
                           {std::string(loss_name(predicate.noise.accounting)),
                            format_loss(predicate.noise.accounting, predicate.noise.price.loss)},
                           {"hides_people", predicate.noise.hides_people},
                           {"k", predicate.noise.people_min},
                           {"member", predicate.member},
                           {"policy_hash", to_hex(predicate.policy_hash)},
                           {"query", answer.sql()},
                           {"result", packet::encode(answer.table())},
                           {"verdict", "PASS"}});
  if (is_exact(predicate.noise)) out.set("guarantee", packet::kNoGuarantee);
  if (predicate.list) {
    out.set("guarantee", packet::kListGuarantee);
    out.set("list", packet::encode(*predicate.list));
    out.set("persons", persons_in(answer.table()));
  }
  if (!predicate.near.empty()) {
    Json::Array near;
    for (const Hash& request : predicate.near) near.emplace_back(to_hex(request));
    out.set("near", Json(std::move(near)));
  }
  if (predicate.repeat_of) out.set("repeat_of", to_hex(*predicate.repeat_of));
  if (predicate.call) out.set("template", packet::encode(*predicate.call));
  if (!predicate.derived.empty()) out.set("derived", packet::encode(predicate.derived));
  return out;
}

}  // namespace gbx::cli
