#include "trusted/privacy/budget.h"

#include <algorithm>

#include "trusted/base/json.h"

namespace gbx::privacy {
namespace {

constexpr std::size_t kTableBytesMax = 256;
constexpr Error kMalformed{ErrorCode::invalid_argument, "budget_malformed"};
constexpr Error kChargeMalformed{ErrorCode::invalid_argument, "charge_malformed"};
constexpr Error kUnknown{ErrorCode::not_found, "table_unknown"};

// A name that any log entry can carry as it is.
bool is_plain(std::string_view table) {
  return !table.empty() && table.size() <= kTableBytesMax &&
         std::all_of(table.begin(), table.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// The entry of the log. Text for losses and deltas: both read back exactly.
Json entry_of(Accounting accounting, const Charge& charge, const std::vector<Balance>& balances) {
  const std::string loss(loss_name(accounting));
  Json tables{Json::Array{}};
  for (const Balance& balance : balances) {
    tables.push(Json::object({
        {"table", balance.table},
        {loss + "_left", format_loss(accounting, balance.after.loss)},
        {"delta_left", format_delta(balance.after.delta)},
    }));
  }
  return Json::object({
      {"kind", "charge"},
      {"query", to_hex(charge.query)},
      {loss, format_loss(accounting, charge.price.loss)},
      {"delta", format_delta(charge.price.delta)},
      {"tables", std::move(tables)},
  });
}

}  // namespace

Result<Budget> Budget::make(Accounting accounting, std::vector<TableCeiling> ceilings,
                            Rations rations) {
  if (ceilings.empty() || ceilings.size() > kTablesMax) return kMalformed;
  std::vector<Account> accounts;
  for (TableCeiling& ceiling : ceilings) {
    const Price price = ceiling.ceiling;
    if (!is_plain(ceiling.table)) return kMalformed;
    if (!is_amount(accounting, price)) return kMalformed;
    if (price.loss > loss_max(accounting) || price.delta >= kDeltaUnit) return kMalformed;
    accounts.push_back({std::move(ceiling.table), price, {}, {}});
  }
  std::sort(accounts.begin(), accounts.end(),
            [](const Account& a, const Account& b) { return a.table < b.table; });
  for (std::size_t i = 1; i < accounts.size(); i++) {
    if (accounts[i - 1].table == accounts[i].table) return kMalformed;
  }
  return Budget(accounting, std::move(accounts), std::move(rations));
}

Result<std::size_t> Budget::find(std::string_view table) const {
  for (std::size_t i = 0; i < accounts_.size(); i++) {
    if (accounts_[i].table == table) return i;
  }
  return kUnknown;
}

Status Budget::allot(std::string_view table, Price allotment) {
  GBX_TRY_ASSIGN(const std::size_t index, find(table));
  Account& account = accounts_[index];
  if (!is_amount(accounting_, allotment)) {
    return Error{ErrorCode::invalid_argument, "allotment_empty"};
  }
  if (account.allotment != Price{}) return Error{ErrorCode::invalid_argument, "already_allotted"};
  if (!covers(account.ceiling, allotment)) {
    return Error{ErrorCode::policy_denied, "allotment_over_ceiling"};
  }
  account.allotment = allotment;
  return {};
}

// The accounts of the charge, in order of name, when each of them has enough left.
Result<std::vector<std::size_t>> Budget::affordable(const Charge& charge) const {
  if (charge.tables.empty() || charge.tables.size() > kTablesMax) return kChargeMalformed;
  if (charge.price.loss == 0) return kChargeMalformed;
  std::vector<std::size_t> out;
  for (const std::string& table : charge.tables) {
    GBX_TRY_ASSIGN(const std::size_t index, find(table));
    out.push_back(index);
  }
  std::sort(out.begin(), out.end());
  if (std::adjacent_find(out.begin(), out.end()) != out.end()) return kChargeMalformed;
  for (const std::size_t index : out) {
    const Price rest = minus(accounts_[index].allotment, accounts_[index].spent);
    if (rest.loss < charge.price.loss) {
      return Error{ErrorCode::budget_exhausted, "loss_exhausted"};
    }
    if (rest.delta < charge.price.delta) {
      return Error{ErrorCode::budget_exhausted, "delta_exhausted"};
    }
  }
  return out;
}

Result<Reservation> Budget::reserve(const Charge& charge, Store& store) {
  GBX_TRY_ASSIGN(const std::vector<std::size_t> indexes, affordable(charge));
  const Asker asker{charge.member, charge.tables};
  GBX_TRY(rations_.check(asker, charge.price.loss, charge.now));
  std::vector<Balance> balances;
  for (const std::size_t index : indexes) {
    Account& account = accounts_[index];
    const Price before = minus(account.allotment, account.spent);
    account.spent = add(account.spent, charge.price);
    balances.push_back({account.table, before, minus(account.allotment, account.spent)});
  }
  // Counted first: a store that fails, or never comes back, has been paid for.
  rations_.charge(asker, charge.price.loss, charge.now);
  Json entry = entry_of(accounting_, charge, balances);
  rations_.note(asker, entry);
  const std::string text = entry.canonical();
  GBX_TRY(store.append(as_bytes(text)));
  return Reservation(charge.price, charge.query, std::move(balances));
}

Result<Price> Budget::spent(std::string_view table) const {
  GBX_TRY_ASSIGN(const std::size_t index, find(table));
  return accounts_[index].spent;
}

Result<Price> Budget::left(std::string_view table) const {
  GBX_TRY_ASSIGN(const std::size_t index, find(table));
  return minus(accounts_[index].allotment, accounts_[index].spent);
}

}  // namespace gbx::privacy
