#include "cli/answer_view.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/console.h"
#include "client/policy/amounts.h"

namespace gbx::cli {
namespace {

constexpr const char* kPlusMinus = "±";
constexpr std::int64_t kSecondsPerDay = 86'400;

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
      },
      ' ');
  return text;
}

std::string number_text(std::int64_t value, ValueType type) {
  const std::string text = format_value(value, type);
  const bool counts = type.type == Type::integer || type.type == Type::decimal;
  return counts ? with_thousands(text) : text;
}

std::string cell_text(const packet::OutputCell& cell, const packet::Output& column) {
  if (const auto* text = std::get_if<std::string>(&cell.value)) return printable(*text);
  const auto* value = std::get_if<std::int64_t>(&cell.value);
  if (value == nullptr) return column.kind == packet::OutputKind::noised ? "withheld" : "NULL";
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

std::string people(std::int64_t count) { return with_thousands(std::to_string(count)) + " people"; }

std::string withheld_text(const client::VerifiedAnswer& answer) {
  const packet::AnswerTable& table = answer.table();
  const std::string least = people(answer.predicate().noise.people_min);
  if (!is_grouped(table)) {
    if (!table.rows.empty() && table.withheld != 1) return {};
    return "Withheld: too few people stand behind the answer (fewer than " + least +
           ", or not enough above it to say so safely).\n";
  }
  if (!table.withheld) {
    return "Groups of fewer than about " + least +
           " are not shown; how many there are is not said, because it would tell of people.\n";
  }
  if (*table.withheld == 0) return "No group of the public lists is withheld.\n";
  return with_thousands(std::to_string(*table.withheld)) +
         " of the groups in the policy's public lists are withheld: fewer than " + least +
         ", or not enough above it to say so safely.\n";
}

std::string budget_lines(const packet::AnswerPredicate& predicate, bool dry_run) {
  std::string out;
  for (const packet::BudgetMove& move : predicate.budget) {
    const packet::NoiseParameters& noise = predicate.noise;
    std::uint64_t more = move.after.loss / noise.price.loss;
    if (noise.price.delta != 0) more = std::min(more, move.after.delta / noise.price.delta);
    out += "  " + move.table + ": " + std::string(loss_name(noise.accounting)) + " " +
           format_loss(noise.accounting, move.before.loss) +
           (dry_run ? " left, would be " : " before, ") +
           format_loss(noise.accounting, move.after.loss) + (dry_run ? "" : " left") + "; " +
           (more == 0 ? "no more such question" : std::to_string(more) + " more such question") +
           (more == 1 || more == 0 ? "" : "s") + "\n";
  }
  return out;
}

std::string noise_line(const packet::AnswerPredicate& predicate) {
  return std::string(kPlusMinus) +
         " is the 95 % interval of the noise alone; the noise hides about " +
         people(predicate.noise.hides_people) + ".\n";
}

constexpr double kShownDelta = 1e-6;

std::string short_number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

std::string price_line(const packet::NoiseParameters& noise) {
  std::string out = std::string(loss_name(noise.accounting)) + " " +
                    format_loss(noise.accounting, noise.price.loss) + ", delta " +
                    client::delta_text(noise.price.delta);
  if (noise.accounting == privacy::Accounting::zcdp) {
    const double rho =
        static_cast<double>(noise.price.loss) / static_cast<double>(privacy::kRhoUnit);
    out += " (alone: epsilon " + short_number(privacy::epsilon_of_rho(rho, kShownDelta)) +
           " at delta 1e-6)";
  }
  return out;
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
    out.header.push_back(printable(column.name));
    out.right.push_back(column.type.type == Type::integer || column.type.type == Type::decimal);
  }
  for (const auto& row : table.rows) {
    std::vector<std::string>& cells = out.rows.emplace_back();
    for (std::size_t i = 0; i < row.size(); i++) {
      cells.push_back(cell_text(row[i], table.columns[i]));
    }
  }
  if (table.rows_cut == 0) return out.text();
  return out.text() + "... and " + with_thousands(std::to_string(table.rows_cut)) +
         " more groups, cut by result_rows\n";
}

std::string answer_notes(const client::VerifiedAnswer& answer) {
  const packet::AnswerPredicate& predicate = answer.predicate();
  std::string out = noise_line(predicate) + withheld_text(answer);
  out += "Each row stands for at least " + people(predicate.noise.people_min) + ".\n";
  out += "Paid " + price_line(predicate.noise) + ":\n" + budget_lines(predicate, false);
  return out + verdict_line(answer);
}

std::string price_text(const client::VerifiedAnswer& answer) {
  const packet::AnswerPredicate& predicate = answer.predicate();
  std::string out = "Price: " + price_line(predicate.noise) + "; nothing was read or spent.\n";
  for (const packet::Output& column : answer.table().columns) {
    out += "  " + printable(column.name) + ": ";
    if (column.kind == packet::OutputKind::group) {
      out += "group\n";
    } else if (column.half_width) {
      out += std::string(kPlusMinus) + " " + number_text(*column.half_width, column.type) +
             " (95 %)\n";
    } else {
      out += std::string(kPlusMinus) + " depends on the answer\n";
    }
  }
  out += noise_line(predicate) + "Each row would stand for at least " +
         people(predicate.noise.people_min) + ".\nBudget:\n" + budget_lines(predicate, true);
  return out + verdict_line(answer);
}

std::string verdict_line(const client::VerifiedAnswer& answer) {
  const packet::AnswerPredicate& predicate = answer.predicate();
  std::string word(answer.assurance());
  if (word == "INSECURE-SIM") word += ", which proves nothing about the machine";
  return "PASS (" + word + "): asked by " + predicate.member + " on " +
         format_date(predicate.time / kSecondsPerDay) + " under \"" +
         printable(answer.policy().name) + "\" version " + std::to_string(answer.policy().version) +
         ", signed by the attested room, log entry " + std::to_string(predicate.log_size) + ".";
}

Json answer_json(const client::VerifiedAnswer& answer) {
  const packet::AnswerPredicate& predicate = answer.predicate();
  return Json::object({{"assurance", answer.assurance()},
                       {"budget", budget_json(predicate)},
                       {std::string(loss_name(predicate.noise.accounting)),
                        format_loss(predicate.noise.accounting, predicate.noise.price.loss)},
                       {"hides_people", predicate.noise.hides_people},
                       {"k", predicate.noise.people_min},
                       {"member", predicate.member},
                       {"policy_hash", to_hex(predicate.policy_hash)},
                       {"query", answer.request().sql},
                       {"result", packet::encode(answer.table())},
                       {"verdict", "PASS"}});
}

}  // namespace gbx::cli
