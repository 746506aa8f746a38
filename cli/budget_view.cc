#include "cli/budget_view.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/console.h"
#include "client/policy/amounts.h"
#include "trusted/base/value.h"

namespace gbx::cli {
namespace {

using client::Allotment;
using client::Population;
using privacy::Accounting;
using privacy::Price;

constexpr std::size_t kBarWidth = 40;
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::size_t kShownDigits = 16;  // of a digest

double share(std::uint64_t units, std::uint64_t unit) {
  return static_cast<double>(units) / static_cast<double>(unit);
}

// Three digits when the exact decimal is long: units of 2^-60 are never round.
std::string delta_text(std::uint64_t delta) {
  constexpr std::size_t kExactCharacters = 8;
  std::string exact = client::delta_text(std::min(delta, privacy::kDeltaUnit - 1));
  if (exact.size() <= kExactCharacters) return exact;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2e", share(delta, privacy::kDeltaUnit));
  std::string out(text.data());  // "7.50e-07"
  const std::size_t power = out.find("e-");
  std::string digits = out.substr(0, power);
  while (digits.ends_with('0')) digits.pop_back();
  if (digits.ends_with('.')) digits.pop_back();
  const std::size_t first = out.find_first_not_of('0', power + 2);
  return digits + "e-" + (first == std::string::npos ? "0" : out.substr(first));
}

// What a rho is worth, rounded up to three digits.
std::string epsilon_worth(std::uint64_t rho, std::uint64_t conversion) {
  if (rho == 0) return "0";
  const double epsilon = privacy::epsilon_of_rho(share(rho, privacy::kRhoUnit),
                                                 share(conversion, privacy::kDeltaUnit));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", epsilon);
  return text.data();
}

std::uint64_t worth_delta(Price amount, Price total) {
  return std::min(amount.delta + total.delta, privacy::kDeltaUnit - 1);
}

std::string loss_line(Accounting accounting, std::uint64_t loss) {
  return std::string(loss_name(accounting)) + " " + client::loss_text(accounting, loss);
}

// The last part of the origin, which is the room's key.
std::string room_text(const std::string& log_origin) {
  const std::size_t slash = log_origin.rfind('/');
  const std::string key = slash == std::string::npos ? log_origin : log_origin.substr(slash + 1);
  return key.substr(0, kShownDigits);
}

std::string allotments_text(const Population& population) {
  TextTable table;
  table.header = {"given", "table", "collaboration", "room", "gave", "spent there"};
  table.right = {false, false, false, false, true, true};
  for (const Allotment& allotment : population.allotments()) {
    const client::Grant& grant = allotment.grant;
    table.rows.push_back(
        {format_date(grant.at / kDaySeconds), grant.table,
         grant.collaboration.substr(0, kShownDigits), room_text(grant.log_origin),
         loss_line(grant.accounting, grant.given.loss),
         allotment.spent ? loss_line(grant.accounting, allotment.spent->loss) : "not given back"});
  }
  return table.rows.empty() ? "No room has any of it.\n" : table.text();
}

Json amount_json(const Population& population, Price amount) {
  const Accounting accounting = population.accounting();
  Json out = Json::object(
      {{"delta", privacy::format_delta(std::min(amount.delta, privacy::kDeltaUnit - 1))},
       {std::string(loss_name(accounting)), format_loss(accounting, amount.loss)}});
  if (accounting == Accounting::zcdp) {
    out.set("worth_delta", privacy::format_delta(worth_delta(amount, population.total())));
    out.set("worth_epsilon", epsilon_worth(amount.loss, population.total().delta));
  }
  return out;
}

Json allotment_json(const Allotment& allotment) {
  const client::Grant& grant = allotment.grant;
  const std::string loss(loss_name(grant.accounting));
  Json out = Json::object({{"at", grant.at},
                           {"collaboration", grant.collaboration},
                           {"delta", privacy::format_delta(grant.given.delta)},
                           {"log_origin", grant.log_origin},
                           {loss, format_loss(grant.accounting, grant.given.loss)},
                           {"policy", to_hex(grant.policy)},
                           {"snapshot", to_hex(grant.snapshot)},
                           {"table", grant.table}});
  if (allotment.spent) {
    out.set("delta_spent", privacy::format_delta(allotment.spent->delta));
    out.set(loss + "_spent", format_loss(grant.accounting, allotment.spent->loss));
  }
  return out;
}

}  // namespace

std::string amount_text(Accounting accounting, Price amount, Price total) {
  if (accounting == Accounting::queries) {
    return loss_line(accounting, amount.loss) + " (no privacy guarantee)";
  }
  std::string out = loss_line(accounting, amount.loss) + ", delta " + delta_text(amount.delta);
  if (accounting == Accounting::pure) return out;
  return out + " (epsilon " + epsilon_worth(amount.loss, total.delta) + " at delta " +
         delta_text(worth_delta(amount, total)) + ")";
}

std::string budget_bar(const Population& population) {
  const std::uint64_t spent = population.spent().loss;
  const std::uint64_t in_rooms = population.in_rooms().loss;
  const std::uint64_t whole = std::max(population.total().loss, spent + in_rooms);
  const auto characters = [&](std::uint64_t loss) {
    const auto exact = share(loss, whole) * static_cast<double>(kBarWidth);
    return loss == 0 ? std::size_t{0} : std::max<std::size_t>(1, static_cast<std::size_t>(exact));
  };
  std::string out(std::min(characters(spent), kBarWidth), '#');
  out.append(std::min(characters(in_rooms), kBarWidth - out.size()), '=');
  return out.append(kBarWidth - out.size(), '.');
}

std::string budget_text(const Population& population) {
  const Accounting accounting = population.accounting();
  const Price total = population.total();
  const auto amount = [&](Price price) { return amount_text(accounting, price, total) + "\n"; };
  const Price spent = population.spent();
  const Price in_rooms = population.in_rooms();
  std::string out = population.name() + ": " + amount(total) + "  [" + budget_bar(population) +
                    "]\n" + "  # spent     " + amount(spent) + "  = allotted  " + amount(in_rooms) +
                    "  . free      " + amount(population.free());
  if (accounting == Accounting::zcdp) {
    out += "  # and =     " + amount(privacy::add(spent, in_rooms));
  }
  return out + allotments_text(population) + "head " + to_hex(population.head().hash) + ", entry " +
         std::to_string(population.head().size);
}

Json budget_json(const Population& population) {
  Json allotments{Json::Array{}};
  for (const Allotment& allotment : population.allotments()) {
    allotments.push(allotment_json(allotment));
  }
  Json totals{Json::Array{}};
  for (const client::TotalSet& set : population.totals()) {
    Json total = amount_json(population, set.total);
    total.set("at", set.at);
    totals.push(std::move(total));
  }
  return Json::object({{"accounting", accounting_name(population.accounting())},
                       {"allotments", std::move(allotments)},
                       {"entries", population.head().size},
                       {"free", amount_json(population, population.free())},
                       {"head", to_hex(population.head().hash)},
                       {"allotted", amount_json(population, population.in_rooms())},
                       {"population", population.name()},
                       {"spent", amount_json(population, population.spent())},
                       {"total", amount_json(population, population.total())},
                       {"totals", std::move(totals)}});
}

}  // namespace gbx::cli
